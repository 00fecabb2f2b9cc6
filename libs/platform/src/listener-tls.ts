import { createPrivateKey, constants, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type ServerOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { ConfigError } from './config-error.js';
import { type ListenerTls } from './postern-config.js';

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** More than the longest chain that anybody serves. */
const PEM_BYTES_MAX = 256 * 1024;

/** A certificate (its chain in PEM form) and the key that was checked to be its own. */
export interface ListenerPair {
  readonly certificatePem: Buffer;
  readonly keyPem: Buffer;
  /** The first of the file: the listener's own. */
  readonly certificate: X509Certificate;
}

/**
 * Reads both files of `tls` and checks that they can be served together.
 * @throws ConfigError that names the file that cannot be used
 */
export async function readListenerPair(tls: ListenerTls): Promise<ListenerPair> {
  const [certificatePem, keyPem] = await Promise.all([
    readPem(tls.certificateFile),
    readPem(tls.keyFile),
  ]);
  const certificate = parse(tls.certificateFile, 'no certificate in PEM form', () => {
    return new X509Certificate(certificatePem);
  });
  const key = parse(tls.keyFile, 'no private key in PEM form without a passphrase', () => {
    return createPrivateKey(keyPem);
  });
  requireMatch(certificate, key, tls);
  const pair = { certificatePem, keyPem, certificate };
  parse(tls.certificateFile, 'what OpenSSL does not serve, such as a broken chain', () => {
    return createSecureContext(tlsOptions(pair, tls));
  });
  return pair;
}

/**
 * What a listener says in the TLS handshake: TLS 1.2 or newer, and with `request` the wish for a client certificate. It
 * is not judged here: the handshake proves that the caller holds its key, no authority of the system is asked.
 */
export const tlsOptions = (
  { certificatePem, keyPem }: ListenerPair,
  { clientCertificates }: ListenerTls,
): ServerOptions => ({
  ...{ cert: certificatePem, key: keyPem },
  minVersion: 'TLSv1.2',
  handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION, // RFC 9113 section 9.2.1
  ...(clientCertificates === 'off' ? {} : REQUEST_CERTIFICATES),
});

const REQUEST_CERTIFICATES: ServerOptions = {
  requestCert: true,
  rejectUnauthorized: false,
  // A resumed session remembers the caller's own certificate and forgets its intermediates, and by renegotiation
  // (TLS 1.2) another caller's could take its place in the middle of a connection.
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
};

async function readPem(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size > PEM_BYTES_MAX) throw refusal(file, `is larger than ${PEM_BYTES_MAX} bytes`);
    return await readFile(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw refusal(file, `cannot be read (${reason}): correct tls under listen`, error);
  }
}

function parse<T>(file: string, absent: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusal(file, `holds ${absent}`, error);
  }
}

function requireMatch(certificate: X509Certificate, key: KeyObject, tls: ListenerTls): void {
  if (certificate.checkPrivateKey(key)) return;
  throw refusal(tls.keyFile, `is not the key of the first certificate in ${tls.certificateFile}`);
}

const refusal = (where: string, what: string, cause?: unknown): ConfigError =>
  new ConfigError([{ where, path: '', what }], { cause });
