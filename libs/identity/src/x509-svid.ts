import { assertPath } from './certification-path.js';
import { x5tS256Of } from './client-certificate.js';
import { type PathCertificate } from './path-certificate.js';
import { parseSpiffeId, type SpiffeId } from './spiffe-id.js';
import { SvidRejected } from './svid-rejected.js';

/** Of a presented chain, the SVID included. */
export const SVID_CHAIN_CERTIFICATES_MAX = 4;
/** As many as a bundle may have entries. */
const AUTHORITIES_MAX = 100;

/** A workload, by a certificate of a registered trust domain. */
export interface VerifiedX509Svid {
  readonly spiffeId: string;
  readonly trustDomain: string;
  /** Of the leaf (RFC 8705 section 3.1), base64url. */
  readonly x5tS256: string;
  /** The last instant at which it is valid. */
  readonly notAfter: Date;
}

export interface SvidExpectation {
  readonly now: Date;
  /**
   * The authorities of a registered trust domain as DER, from its bundle; undefined for another trust domain. Asked once,
   * for the trust domain that the certificate claims. What it throws is passed on.
   */
  readonly authoritiesOf: (trustDomain: string) => Promise<readonly Uint8Array[] | undefined>;
}

/**
 * Validates an X.509-SVID by the X509-SVID specification, sections 4 and 5: one SPIFFE ID with a path as its only URI
 * name, a leaf that may sign and may not certify, valid now, and signed by way of at most 3 presented intermediates by an
 * authority of the trust domain that it names; of no other one, and of none that the system trusts. That the caller
 * holds its key is for the TLS handshake.
 * @param chain DER, the SVID first
 * @throws SvidRejected
 */
export async function verifyX509Svid(
  chain: readonly Uint8Array[],
  { now, authoritiesOf }: SvidExpectation,
): Promise<VerifiedX509Svid> {
  const [leafDer, ...issuers] = boundedChain(chain);
  const read = await certificateReader();
  const leaf = certificateOf(leafDer, read);
  const { text: spiffeId, trustDomain } = spiffeIdOf(leaf);
  assertLeaf(leaf, now);
  const authorities = usable(await authoritiesOf(trustDomain), read);
  const intermediates = issuers.map((der) => certificateOf(der, read));
  assertPath({ leaf, intermediates, authorities }, now);
  return { spiffeId, trustDomain, x5tS256: x5tS256Of(leafDer), notAfter: leaf.fields.notAfter };
}

function boundedChain(chain: readonly Uint8Array[]): readonly [Uint8Array, ...Uint8Array[]] {
  const [leaf, ...issuers] = chain;
  if (leaf === undefined) throw new SvidRejected('there is no certificate');
  if (chain.length > SVID_CHAIN_CERTIFICATES_MAX) {
    throw new SvidRejected(`its chain has more than ${SVID_CHAIN_CERTIFICATES_MAX} certificates`);
  }
  return [leaf, ...issuers];
}

type ReadCertificate = (der: Uint8Array) => PathCertificate | string;

/** What reads certificates is large, and most token services never see an SVID: it is loaded with the first. */
async function certificateReader(): Promise<ReadCertificate> {
  const { PathCertificate: Certificate } = await import('./path-certificate.js');
  return (der) => Certificate.from(der);
}

function certificateOf(der: Uint8Array, read: ReadCertificate): PathCertificate {
  const certificate = read(der);
  if (typeof certificate !== 'string') return certificate;
  throw new SvidRejected(`of a certificate of its chain, ${certificate}`);
}

/** X509-SVID sections 2 and 3.1. */
function spiffeIdOf({ fields }: PathCertificate): SpiffeId & { readonly text: string } {
  const [uri, second] = fields.uris;
  if (uri === undefined || second !== undefined) {
    throw new SvidRejected('it does not have exactly one URI name');
  }
  const id = parseSpiffeId(uri);
  if (id === undefined) throw new SvidRejected('its URI name is not a SPIFFE ID');
  if (id.path === '') throw new SvidRejected('its SPIFFE ID is that of a trust domain');
  return { ...id, text: uri };
}

/** X509-SVID sections 4.1, 4.3, 4.4 and 5.2. */
function assertLeaf(leaf: PathCertificate, now: Date): void {
  if (leaf.fields.isAuthority) throw new SvidRejected('it is an authority');
  if (leaf.names('keyCertSign') || leaf.names('cRLSign')) {
    throw new SvidRejected('it may sign certificates or revocation lists');
  }
  if (!leaf.names('digitalSignature')) throw new SvidRejected('it may not sign');
  if (!['always', 'named'].includes(leaf.fields.servesClients)) {
    throw new SvidRejected('it is not for the authentication of clients');
  }
  if (!leaf.isValidAt(now)) throw new SvidRejected('it is not valid now');
}

/** A certificate in a bundle that may not stand in a path vouches for nobody; the others still do. */
function usable(
  authorities: readonly Uint8Array[] | undefined,
  read: ReadCertificate,
): readonly PathCertificate[] {
  if (authorities === undefined) throw new SvidRejected('its trust domain is not registered');
  if (authorities.length > AUTHORITIES_MAX) {
    throw new SvidRejected('its trust domain has too many authorities');
  }
  return authorities
    .map((der) => readOnce(der, read))
    .filter((certificate) => typeof certificate !== 'string');
}

/** What was read of an authority, for as long as somebody keeps its bytes: reading one takes most of a millisecond. */
const readAuthorities = new WeakMap<Uint8Array, PathCertificate | string>();

function readOnce(der: Uint8Array, read: ReadCertificate): PathCertificate | string {
  const known = readAuthorities.get(der);
  if (known !== undefined) return known;
  const certificate = read(der);
  readAuthorities.set(der, certificate);
  return certificate;
}
