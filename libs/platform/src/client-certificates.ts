import { type X509Certificate } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import {
  type CertificateChain,
  chainFromHeader,
  chainOf,
  PRESENTED_CERTIFICATES_MAX,
} from './certificate-header.js';
import { type ClientCertificateHeader, type PosternConfig } from './postern-config.js';
import { TrustedProxies } from './trusted-proxies.js';

/** The certificate of a caller who holds its private key. Whether anybody vouches for it is not known yet. */
export interface PresentedCertificate {
  /** DER, the caller's own certificate first, then its intermediates; at most 8. */
  readonly chain: CertificateChain;
  /** Who saw that the caller holds the key: we in the handshake, or the proxy in front of us. */
  readonly source: 'socket' | 'header';
}

/** Which client certificate a request came with (RFC 8705; behind a proxy, RFC 9440). */
export class ClientCertificates {
  readonly #proxies: TrustedProxies;
  readonly #header: ClientCertificateHeader | undefined;
  /** A handshake is made once a connection. */
  readonly #seen = new WeakMap<TLSSocket, PresentedCertificate>();

  constructor({
    trustedProxies,
    clientCertificateHeader,
  }: Pick<PosternConfig, 'trustedProxies' | 'clientCertificateHeader'>) {
    this.#proxies = new TrustedProxies(trustedProxies);
    this.#header = clientCertificateHeader;
  }

  /**
   * Undefined when the caller presented none. From a trusted proxy only the configured header counts: the certificate of
   * its connection is its own, and would make all callers behind it one. From anybody else only the connection counts
   * (RFC 9700 section 4.13).
   * @throws ClientCertificateUnreadable when a trusted proxy passes on what is not one certificate
   */
  of({
    socket,
    rawHeaders,
  }: Pick<IncomingMessage, 'socket' | 'rawHeaders'>): PresentedCertificate | undefined {
    if (this.#proxies.isTrusted(socket.remoteAddress)) return this.#fromHeader(rawHeaders);
    return socket instanceof TLSSocket ? this.#fromSocket(socket) : undefined;
  }

  #fromHeader(rawHeaders: readonly string[]): PresentedCertificate | undefined {
    if (this.#header === undefined) return undefined;
    const chain = chainFromHeader(this.#header, rawHeaders);
    return chain && { chain, source: 'header' };
  }

  #fromSocket(socket: TLSSocket): PresentedCertificate | undefined {
    const seen = this.#seen.get(socket);
    if (seen !== undefined) return seen;
    const leaf = socket.getPeerX509Certificate();
    if (leaf === undefined) return undefined;
    const presented = { chain: chainFrom(leaf), source: 'socket' } as const;
    this.#seen.set(socket, presented);
    return presented;
  }
}

function chainFrom(leaf: X509Certificate): CertificateChain {
  const ders: Buffer[] = [];
  let next: X509Certificate | undefined = leaf;
  while (next !== undefined && ders.length <= PRESENTED_CERTIFICATES_MAX) {
    ders.push(next.raw);
    next = next.issuerCertificate;
  }
  return chainOf(ders);
}
