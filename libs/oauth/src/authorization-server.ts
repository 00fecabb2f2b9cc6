import { type EventFactory, type EventJournal, type EvidenceBudget } from '#events';
import {
  type DpopNonces,
  type HandleStore,
  type PlantedCanaries,
  ProofOfPossession,
  type ProofUses,
  type SubjectTokenUses,
} from '#handles';
import {
  IntrospectedTokenVerifier,
  type KeySource,
  SubjectTokenVerifier,
  type TokenIntrospector,
} from '#identity';
import { CallerAuthentication } from './caller-authentication.js';
import { ClientAssertions } from './client-assertions.js';
import { type ExchangeRestrictions } from './exchange-restrictions.js';
import { Introspection } from './introspection.js';
import { LiveHandles, type LiveHandlesParts } from './live-handles.js';
import { OperatorAuthentication } from './operator-authentication.js';
import { OriginWatch } from './origin-watch.js';
import { PresentedTokens } from './presented-tokens.js';
import { Revocation } from './revocation.js';
import { RevokeHandles } from './revoke-handles.js';
import { SvidAuthentication } from './svid-authentication.js';
import { TokenExchange } from './token-exchange.js';

/** What it takes to know who operates Postern. */
export interface OperatorPorts extends LiveHandlesParts {
  readonly publicOrigin: string;
  readonly keys: KeySource;
  readonly proofUses: ProofUses;
  /** Undefined: DPoP proofs need no nonce. */
  readonly nonces: DpopNonces | undefined;
}

/** All that the endpoints of an authorization server stand on. */
export interface AuthorizationServerPorts extends OperatorPorts {
  readonly handles: HandleStore;
  readonly uses: SubjectTokenUses;
  readonly journal: EventJournal;
  /** Without room for evidence nothing is exchanged; handles can still be looked at and revoked. */
  readonly evidence: Pick<EvidenceBudget, 'requireRoomForExchange'>;
  readonly events: EventFactory;
  /** Undefined where no issuer of opaque tokens is registered. */
  readonly introspector: TokenIntrospector | undefined;
  /** Absent: none is planted. */
  readonly canaries?: PlantedCanaries;
  /** Absent: nothing is restricted. */
  readonly restrictions?: ExchangeRestrictions;
}

export interface AuthorizationServer {
  readonly tokenExchange: TokenExchange;
  readonly introspection: Introspection;
  readonly revocation: Revocation;
  readonly operators: OperatorAuthentication;
  readonly originWatch: OriginWatch;
  readonly possession: ProofOfPossession;
}

const verifierOf = ({ publicOrigin, ...ports }: OperatorPorts): SubjectTokenVerifier =>
  new SubjectTokenVerifier({ ...ports, audience: publicOrigin });

const possessionOf = ({ proofUses: uses, nonces, clock }: OperatorPorts): ProofOfPossession =>
  new ProofOfPossession({ uses, nonces, clock });

/** For processes that issue nothing. */
export function operatorAuthentication(ports: OperatorPorts): OperatorAuthentication {
  const verifier = verifierOf(ports);
  const assertions = new ClientAssertions({ ...ports, verifier });
  return new OperatorAuthentication({ ...ports, assertions, possession: possessionOf(ports) });
}

/** The pipelines over these ports. What they share, such as the memory of assertions, is one. */
export function authorizationServer(ports: AuthorizationServerPorts): AuthorizationServer {
  const { issuers, introspector, publicOrigin } = ports;
  const verifier = verifierOf(ports);
  const introspected =
    introspector === undefined
      ? undefined
      : new IntrospectedTokenVerifier({ ...ports, introspector, audience: publicOrigin });
  const assertions = new ClientAssertions({ ...ports, verifier });
  const possession = possessionOf(ports);
  const live = new LiveHandles(ports);
  const tokens = new PresentedTokens({ verifier, introspected, live, issuers });
  const callers = new CallerAuthentication({ assertions, svids: new SvidAuthentication(ports) });
  const revokeHandles = new RevokeHandles(ports);
  return {
    tokenExchange: new TokenExchange({ ...ports, callers, tokens, possession }),
    introspection: new Introspection(ports),
    revocation: new Revocation({ ...ports, revokeHandles, possession }),
    operators: new OperatorAuthentication({ ...ports, assertions, possession }),
    originWatch: new OriginWatch({ ...ports, revokeHandles }),
    possession,
  };
}
