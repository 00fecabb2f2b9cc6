import { type IssuerRegistration } from './issuer-registration.js';
import { type JoseHeader } from './jose-header.js';
import { TokenRejected } from './token-rejected.js';

/**
 * What a registration permits in the header of its tokens. Before any key is asked for.
 * @throws TokenRejected with reason `invalid_signature` for the algorithm, `malformed_token` for all else.
 */
export function checkProfile(header: JoseHeader, issuer: IssuerRegistration): void {
  if (!issuer.algorithms.includes(header.algorithm)) {
    throw new TokenRejected(
      'invalid_signature',
      `the token's alg is not one that issuer ${issuer.id} is registered with`,
    );
  }
  if (!issuer.types.includes(header.type)) {
    throw malformed(`the token's typ is not one that issuer ${issuer.id} is registered with`);
  }
  if (issuer.kind === 'spiffe') checkSvidHeader(header);
}

/** JWT-SVID section 2: `alg`, `kid` and `typ` are all that an SVID may carry. */
const SVID_MEMBERS: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);
/** JWT-SVID section 2.3, letter by letter. */
const SVID_TYPES: ReadonlySet<string> = new Set(['JWT', 'JOSE']);

function checkSvidHeader({ written, keyId }: JoseHeader): void {
  if ([...written.keys()].some((name) => !SVID_MEMBERS.has(name))) {
    throw malformed('the token is malformed: a JWT-SVID has no header but alg, kid and typ');
  }
  const type = written.get('typ');
  if (type !== undefined && !SVID_TYPES.has(type)) {
    throw malformed('the token is malformed: the typ of a JWT-SVID is JWT or JOSE');
  }
  // Optional in JWT-SVID section 2.2. Without it the key would be found by trial, and other validators refuse it too.
  if (keyId === undefined) throw malformed('the token is malformed: a JWT-SVID names its key');
}

const malformed = (message: string): TokenRejected => new TokenRejected('malformed_token', message);
