import { type Clock } from '#kernel';
import { type IssuerRegistration } from './issuer-registration.js';
import { type IssuerRegistry } from './issuer-registry.js';
import { type KeySource } from './key-source.js';
import { type CompactJws, parseCompactJws } from './parse-compact-jws.js';
import { readSecurityEvent, type SecurityEventClaims } from './security-event-claims.js';
import { type SecurityEventError, SecurityEventRejected } from './security-event-rejected.js';
import { TokenRejected } from './token-rejected.js';
import { chooseKey, verifySignature } from './verify-signature.js';

/** What a transmitter may command: each action by each scope. */
export interface CommandRights {
  /** `revoke`, `suspend`, `resume`, `rotate`. */
  readonly actions: ReadonlySet<string>;
  /** `handle`, `family`, `subject`, `issuer`, `grant`, `key`, `resource`, `task`. */
  readonly scopes: ReadonlySet<string>;
}

/** Who may send security events, and of whose subjects it may speak. */
export interface SignalTransmitter {
  /** Its `issuer`, keys, algorithms and review; its `id` must differ from the ids of the issuer registry. */
  readonly registration: IssuerRegistration;
  /** The `iss` of issuers, byte for byte. */
  readonly speaksOf: ReadonlySet<string>;
  /** Undefined: it commands nothing. */
  readonly commands?: CommandRights | undefined;
}

export interface SecurityEventVerifierParts {
  readonly transmitters: readonly SignalTransmitter[];
  readonly keys: KeySource;
  readonly clock: Clock;
  readonly issuers: IssuerRegistry;
  /** The only `aud` that is accepted: the public origin of this deployment. */
  readonly audience: string;
}

/**
 * A security event that a registered transmitter signed. Its subject is one that the transmitter may speak of, or one
 * of an issuer that is not registered.
 */
export interface SecurityEvent extends SecurityEventClaims {
  readonly transmitter: SignalTransmitter;
}

/** Reads Security Event Tokens (RFC 8417). Keeps no state; may be called at once by many. */
export class SecurityEventVerifier {
  constructor(private readonly parts: SecurityEventVerifierParts) {}

  /**
   * @param compactJws At most `TOKEN_CHARACTERS_MAX` characters.
   * @throws SecurityEventRejected for every token that is not acceptable.
   * @throws DependencyUnavailable when the keys of its transmitter cannot be had: the event may be good.
   */
  async verify(compactJws: string): Promise<SecurityEvent> {
    const token = parsed(compactJws);
    const transmitter = this.#transmitterOf(token);
    try {
      return await this.#judge(compactJws, token, transmitter);
    } catch (error) {
      throw attributed(error, transmitter);
    }
  }

  async #judge(
    compactJws: string,
    token: CompactJws,
    transmitter: SignalTransmitter,
  ): Promise<SecurityEvent> {
    const { audience, clock } = this.parts;
    checkHeader(token, transmitter.registration);
    await this.#checkSignature(compactJws, token, transmitter.registration);
    const event = readSecurityEvent(token.claims, { audience, now: clock.now() });
    this.#checkSubject(event, transmitter);
    return { ...event, transmitter };
  }

  #checkSubject({ subject }: SecurityEventClaims, { speaksOf }: SignalTransmitter): void {
    if (subject === undefined || speaksOf.has(subject.issuer)) return;
    if (this.parts.issuers.find(subject.issuer) === undefined) return;
    const rule = 'its transmitter may not speak of its subject';
    throw new SecurityEventRejected('access_denied', rule);
  }

  #transmitterOf({ claims }: CompactJws): SignalTransmitter {
    const { transmitters, clock } = this.parts;
    const found = transmitters.find(
      ({ registration }) => registration.issuer === claims.get('iss'),
    );
    if (found === undefined) {
      throw new SecurityEventRejected('invalid_issuer', 'its iss is not a registered transmitter');
    }
    if (clock.now() >= found.registration.reviewBy) {
      throw new SecurityEventRejected('invalid_issuer', 'the review of its transmitter is overdue');
    }
    return found;
  }

  async #checkSignature(
    compactJws: string,
    token: CompactJws,
    registration: IssuerRegistration,
  ): Promise<void> {
    await rejecting('invalid_key', async () => {
      const key = await chooseKey(token, registration, this.parts.keys);
      await verifySignature(compactJws, token.header.algorithm, key);
    });
  }
}

/** RFC 7515 section 6: what is not secured has no signature. */
const UNSIGNED = /^[^.]+\.[^.]+\.$/;

function parsed(compactJws: string): CompactJws {
  if (UNSIGNED.test(compactJws)) throw unsigned('it is not signed');
  try {
    return parseCompactJws(compactJws);
  } catch (error) {
    throw translated('invalid_request', error);
  }
}

// RFC 8417 section 2.3: the explicit type keeps tokens of other kinds out of here.
function checkHeader({ header }: CompactJws, { algorithms }: IssuerRegistration): void {
  if (header.type !== 'secevent+jwt') {
    throw new SecurityEventRejected('invalid_request', 'its typ is not secevent+jwt');
  }
  if (header.algorithm.toLowerCase() === 'none') throw unsigned('its alg is none');
  if (!algorithms.includes(header.algorithm)) {
    throw new SecurityEventRejected('invalid_key', 'its alg is not one of its transmitter');
  }
}

const unsigned = (rule: string): SecurityEventRejected =>
  new SecurityEventRejected('invalid_key', rule, { fault: 'unsigned' });

async function rejecting(err: SecurityEventError, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    throw translated(err, error);
  }
}

const translated = (err: SecurityEventError, error: unknown): unknown =>
  error instanceof TokenRejected
    ? new SecurityEventRejected(err, error.message, { cause: error })
    : error;

const attributed = (error: unknown, { registration }: SignalTransmitter): unknown =>
  error instanceof SecurityEventRejected
    ? new SecurityEventRejected(error.err, error.rule, {
        cause: error,
        fault: error.fault,
        transmitter: registration.id,
      })
    : error;
