import { X509Certificate } from 'node:crypto';
import { ClientCertificateUnreadable } from './client-certificate-unreadable.js';
import { forwardedElement } from './forwarded-client-cert.js';
import { type ClientCertificateHeader } from './postern-config.js';

/** DER, the certificate of the caller first, then what it sent to link it to an authority. Never empty. */
export type CertificateChain = readonly [Buffer, ...Buffer[]];

/** Of a chain; more are refused. */
export const PRESENTED_CERTIFICATES_MAX = 8;

/**
 * The chain that a header holds; undefined when the header is not there.
 * @throws ClientCertificateUnreadable when it stands twice, is empty, or holds what is no certificate
 */
export function chainFromHeader(
  name: ClientCertificateHeader,
  rawHeaders: readonly string[],
): CertificateChain | undefined {
  const value = soleValue(name, rawHeaders);
  if (value === undefined) return undefined;
  switch (name) {
    case 'client-cert':
      return chainOf([value, ...membersOf('client-cert-chain', rawHeaders)].map(fromByteSequence));
    case 'x-ssl-client-cert':
      return [soleCertificate(fromEscapedPem(value))];
    case 'x-forwarded-client-cert':
      return fromForwardedElement(forwardedElement(value));
  }
}

function soleValue(name: string, rawHeaders: readonly string[]): string | undefined {
  const values = rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name,
  );
  if (values.length > 1) throw new ClientCertificateUnreadable(`${name} stands more than once`);
  return values[0];
}

/** RFC 9440 section 2.3: the rest of the chain, a list. */
const membersOf = (name: string, rawHeaders: readonly string[]): readonly string[] =>
  soleValue(name, rawHeaders)
    ?.split(',')
    .map((member) => member.trim()) ?? [];

// RFC 9440 section 2.1, RFC 8941 section 3.3.5: DER, base64 between colons.
const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/;

function fromByteSequence(text: string): Buffer {
  const [, base64] = BYTE_SEQUENCE.exec(text) ?? [];
  if (base64 === undefined) {
    throw new ClientCertificateUnreadable('a client certificate is not a byte sequence (RFC 9440)');
  }
  return certificate(base64);
}

const PEM =
  /-----BEGIN CERTIFICATE-----\r?\n((?:[A-Za-z0-9+/]{1,76}={0,2}\r?\n)+)-----END CERTIFICATE-----\r?\n?/y;

/** One PEM block after another, with nothing around them. */
function fromEscapedPem(escaped: string): CertificateChain {
  const pem = unescaped(escaped);
  const ders: Buffer[] = [];
  for (let at = 0; at < pem.length; at = PEM.lastIndex) {
    PEM.lastIndex = at;
    const [, base64] = PEM.exec(pem) ?? [];
    if (base64 === undefined) break;
    ders.push(certificate(base64.replace(/\r?\n/g, '')));
    if (PEM.lastIndex === pem.length) return chainOf(ders);
  }
  throw new ClientCertificateUnreadable('a client certificate is not URL-encoded PEM');
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new ClientCertificateUnreadable('a client certificate is not URL-encoded', {
      cause: error,
    });
  }
}

/** Chain begins with the certificate that Cert holds (Envoy, HTTP header manipulation, x-forwarded-client-cert). */
function fromForwardedElement(element: ReadonlyMap<string, string>): CertificateChain {
  const [cert, chain] = [element.get('cert'), element.get('chain')];
  if (cert === undefined && chain === undefined) {
    throw new ClientCertificateUnreadable('x-forwarded-client-cert has neither Cert nor Chain');
  }
  const whole = chain === undefined ? undefined : fromEscapedPem(chain);
  const leaf = cert === undefined ? undefined : soleCertificate(fromEscapedPem(cert));
  if (whole !== undefined && leaf?.equals(whole[0]) === false) {
    throw new ClientCertificateUnreadable('x-forwarded-client-cert has a Chain of another Cert');
  }
  return whole ?? chainOf(leaf === undefined ? [] : [leaf]);
}

/** @throws ClientCertificateUnreadable when the bytes are not one certificate in DER and nothing else */
function certificate(base64: string): Buffer {
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64') !== base64 || !isCertificate(der)) {
    throw new ClientCertificateUnreadable('what should be a client certificate is none');
  }
  return der;
}

function isCertificate(der: Buffer): boolean {
  try {
    // Written anew it must be the same: a thumbprint is that of one encoding.
    return new X509Certificate(der).raw.equals(der);
  } catch {
    return false;
  }
}

function soleCertificate(chain: CertificateChain): Buffer {
  if (chain.length > 1) {
    throw new ClientCertificateUnreadable('there is more than one client certificate');
  }
  return chain[0];
}

/** @throws ClientCertificateUnreadable when there is none, or more than PRESENTED_CERTIFICATES_MAX */
export function chainOf(ders: readonly Buffer[]): CertificateChain {
  const [leaf, ...others] = ders;
  if (leaf === undefined) throw new ClientCertificateUnreadable('there is no client certificate');
  if (ders.length > PRESENTED_CERTIFICATES_MAX) {
    throw new ClientCertificateUnreadable('the chain of the client certificate is too long');
  }
  return [leaf, ...others];
}
