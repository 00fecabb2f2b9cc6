import { authChallenges, type AuthParameters } from './auth-challenges.js';

/** From the weakest to the strongest. */
export const DIGEST_ALGORITHMS = ['MD5', 'SHA-256', 'SHA-512-256'] as const;
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];
export const DIGEST_QOPS = ['auth', 'auth-int'] as const;
export type DigestQop = (typeof DIGEST_QOPS)[number];

/** What a registration lets us answer to. */
export interface AcceptedDigests {
  readonly algorithms: readonly DigestAlgorithm[];
  /** The first that the destination offers is taken. */
  readonly qop: readonly DigestQop[];
}

/** A challenge that can be answered (RFC 7616 section 3.3). Texts hold one character a byte. */
export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: DigestAlgorithm;
  /** The algorithm as the destination wrote it; undefined when it did not. */
  readonly algorithmWritten: string | undefined;
  /** A `-sess` algorithm: one key for the session, made from its first nonces. */
  readonly session: boolean;
  readonly qop: DigestQop;
  /** The secret was right, the nonce was too old. */
  readonly stale: boolean;
  /** URIs of the protection space; empty for the whole destination. */
  readonly domain: readonly string[];
  readonly userhash: boolean;
  /** Username and password are meant in UTF-8, normalized. */
  readonly utf8: boolean;
}

/** Longest realm, nonce, opaque and domain that is answered to: each is sent back with every call. */
const PARAMETER_BYTES_MAX = 1024;

/** The strongest challenge that may be answered; the first of equals. */
export function strongestChallenge(
  values: readonly string[],
  accepted: AcceptedDigests,
): DigestChallenge | undefined {
  const rank = ({ algorithm }: DigestChallenge): number => DIGEST_ALGORITHMS.indexOf(algorithm);
  return values
    .flatMap(authChallenges)
    .filter(({ scheme }) => scheme === 'digest')
    .flatMap(({ parameters }) => digestChallenge(parameters, accepted) ?? [])
    .reduce<DigestChallenge | undefined>(
      (best, other) => (best === undefined || rank(other) > rank(best) ? other : best),
      undefined,
    );
}

function digestChallenge(
  parameters: AuthParameters,
  accepted: AcceptedDigests,
): DigestChallenge | undefined {
  const realm = parameters.get('realm');
  const nonce = parameters.get('nonce');
  const algorithm = algorithmOf(parameters, accepted);
  const qop = qopOf(parameters, accepted);
  if (realm === undefined || nonce === undefined || nonce === '') return undefined;
  if (algorithm === undefined || qop === undefined || isTooLong(parameters)) return undefined;
  return {
    realm,
    nonce,
    opaque: parameters.get('opaque'),
    ...algorithm,
    algorithmWritten: parameters.get('algorithm'),
    qop,
    stale: isTrue(parameters, 'stale'),
    domain: (parameters.get('domain') ?? '').split(/[\t ]+/).filter((uri) => uri !== ''),
    userhash: isTrue(parameters, 'userhash'),
    utf8: parameters.get('charset')?.toUpperCase() === 'UTF-8',
  };
}

const isTooLong = (parameters: AuthParameters): boolean =>
  [...parameters.values()].some(({ length }) => length > PARAMETER_BYTES_MAX);

const isTrue = (parameters: AuthParameters, name: string): boolean =>
  parameters.get(name)?.toLowerCase() === 'true';

/** RFC 7616 section 3.3: without one it is MD5. */
function algorithmOf(
  parameters: AuthParameters,
  { algorithms }: AcceptedDigests,
): Pick<DigestChallenge, 'algorithm' | 'session'> | undefined {
  const written = (parameters.get('algorithm') ?? 'MD5').toUpperCase();
  const session = written.endsWith('-SESS');
  const name = session ? written.slice(0, -'-SESS'.length) : written;
  const algorithm = algorithms.find((other) => other === name);
  return algorithm === undefined ? undefined : { algorithm, session };
}

/** A challenge without qop (RFC 2069) has no client nonce, so that a destination could choose what is hashed: refused. */
function qopOf(parameters: AuthParameters, { qop }: AcceptedDigests): DigestQop | undefined {
  const offered = (parameters.get('qop') ?? '').split(',').map((one) => one.trim().toLowerCase());
  return qop.find((one) => offered.includes(one));
}
