import { createPrivateKey, constants, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type ServerOptions } from 'node:https';
import { ConfigError } from './config-error.js';
import { type ListenerTls } from './postern-config.js';

const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * What a listener says in the TLS handshake: TLS 1.2 or newer, and with `request` the wish for a client certificate. It
 * is not judged here: the handshake proves that the caller holds its key, no authority of the system is asked.
 * The files are read once, at start: a renewed certificate is served after the next start.
 * @throws ConfigError that names the file that cannot be used
 */
export function tlsOptions(tls: ListenerTls): ServerOptions {
  const [certificatePem, keyPem] = [readPem(tls.certificateFile), readPem(tls.keyFile)];
  const certificate = parse(tls.certificateFile, 'no certificate in PEM form', () => {
    return new X509Certificate(certificatePem);
  });
  const key = parse(tls.keyFile, 'no private key in PEM form without a passphrase', () => {
    return createPrivateKey(keyPem);
  });
  requireMatch(certificate, key, tls);
  return {
    ...{ cert: certificatePem, key: keyPem },
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ...(tls.clientCertificates === 'off' ? {} : REQUEST_CERTIFICATES),
  };
}

const REQUEST_CERTIFICATES: ServerOptions = {
  requestCert: true,
  rejectUnauthorized: false,
  // A resumed session remembers the caller's own certificate and forgets its intermediates, and by renegotiation
  // (TLS 1.2) another caller's could take its place in the middle of a connection.
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
};

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
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
