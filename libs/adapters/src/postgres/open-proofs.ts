import { type DpopNonceLabel, DpopNonces, type ProofUses } from '#handles';
import { type PostgresDatabase } from './postgres-database.js';
import { PostgresProofUses } from './postgres-proof-uses.js';
import { PostgresSharedKeys } from './postgres-shared-keys.js';

/** What the judgement of proofs needs and all processes share: their uses, and the key of the nonces. */
export interface Proofs {
  readonly proofUses: ProofUses;
  /** Undefined: proofs need no nonce. */
  readonly nonces: DpopNonces | undefined;
}

/** @throws DependencyUnavailable */
export async function openProofs(
  database: PostgresDatabase,
  label: DpopNonceLabel,
  demand: 'required' | 'off',
): Promise<Proofs> {
  const proofUses = new PostgresProofUses(database);
  if (demand === 'off') return { proofUses, nonces: undefined };
  const key = await new PostgresSharedKeys(database).load('dpop-nonces');
  return { proofUses, nonces: new DpopNonces({ key, label }) };
}
