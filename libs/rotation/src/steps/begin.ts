import { type ManagedCredential } from '#credentials';
import { type Move } from '../move.js';
import { newPassword } from '../password-policy.js';
import { MOVED, OVERDUE } from '../rotation-traits.js';
import { RotationTermsUnfit, type Step, type Turn } from '../turn.js';

/** Approvals come from people: they are not looked for more often. */
const APPROVAL_POLL_MS = 10_000;

/**
 * REQUESTED: where the new value comes from.
 * Probe: a pending value that is there already stays. Act: a generated value is made and staged.
 */
export const begin: Step = async (turn) => {
  const { rotation } = turn;
  if (turn.isOverdue) return { to: 'abandoned', set: { errorClass: OVERDUE } };
  if (rotation.approvedBy.length < rotation.approvalsNeeded) return turn.again(APPROVAL_POLL_MS);
  const credential = await credentialOf(turn);
  const set = { fromVersion: credential.currentVersion, errorClass: undefined };
  switch (rotation.origin) {
    case 'wrapped':
      return { to: 'intake', set };
    case 'vault':
      return appeared(turn, credential);
    case 'generated':
      await generate(turn, credential.currentVersion);
      return { to: 'staged', set };
  }
};

async function credentialOf({ parts, rotation }: Turn): Promise<ManagedCredential> {
  const credential = await parts.book.find(rotation.ref);
  if (credential !== undefined) return credential;
  throw new RotationTermsUnfit(
    `the credential of ${rotation.resource} is not in hand yet: no version of it was found in the secret store`,
  );
}

function appeared({ rotation }: Turn, credential: ManagedCredential): Move {
  const { toVersion } = rotation;
  const fromVersion = credential.currentVersion;
  const isNewer = toVersion !== undefined && toVersion > fromVersion;
  return isNewer
    ? { to: 'verifying', set: { fromVersion, errorClass: undefined } }
    : { to: 'abandoned', set: { fromVersion, errorClass: MOVED } };
}

async function generate(turn: Turn, version: number): Promise<void> {
  const current = await turn.parts.values.read(turn.rotation.ref, version);
  await turn.stage(turn.changer.next(current.fields, newPassword(turn.plan.password)));
}
