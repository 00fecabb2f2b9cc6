import { type PathCertificate } from './path-certificate.js';
import { SvidRejected } from './svid-rejected.js';

export interface CertificationPath {
  readonly leaf: PathCertificate;
  /** As presented: each one signed by the next. */
  readonly intermediates: readonly PathCertificate[];
  /** Whose word counts; nobody else's does. */
  readonly authorities: readonly PathCertificate[];
}

/**
 * Follows the signatures from the leaf to one of the authorities (RFC 5280 section 6.1). What was presented beyond the
 * first certificate that an authority signed is not looked at.
 * @throws SvidRejected when there is no such path at `now`
 */
export function assertPath(path: CertificationPath, now: Date): void {
  let current = path.leaf;
  for (const [below, next] of path.intermediates.entries()) {
    if (isAnchored(current, { ...path, below, now })) return;
    const problem = issuerProblem(next, below, now);
    if (problem !== undefined) throw new SvidRejected(`of its intermediates, ${problem}`);
    if (!current.isSignedBy(next)) {
      throw new SvidRejected('a certificate of its chain is not signed by the next');
    }
    current = next;
  }
  const below = path.intermediates.length;
  if (isAnchored(current, { ...path, below, now })) return;
  throw new SvidRejected('no authority of its trust domain vouches for it');
}

function isAnchored(
  certificate: PathCertificate,
  { authorities, below, now }: CertificationPath & { readonly below: number; readonly now: Date },
): boolean {
  return authorities.some(
    (authority) =>
      issuerProblem(authority, below, now) === undefined && certificate.isSignedBy(authority),
  );
}

/** Why a certificate may not issue another, with `below` authorities between it and the leaf. */
function issuerProblem(issuer: PathCertificate, below: number, now: Date): string | undefined {
  const { isAuthority, pathLength, servesClients } = issuer.fields;
  if (!issuer.isValidAt(now)) return 'one is not valid now';
  if (!isAuthority) return 'one is no authority';
  if (!issuer.names('keyCertSign')) return 'one may not sign certificates';
  if (below > pathLength) return 'one has more authorities below it than it permits';
  if (servesClients === 'no') return 'one is not for the authentication of clients';
  return undefined;
}
