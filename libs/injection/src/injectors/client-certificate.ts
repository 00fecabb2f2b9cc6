import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type Clock } from '#kernel';
import { type Injection } from '../injection.js';
import { CredentialUnusable } from './credential-unusable.js';
import { type Injector } from './injector.js';
import { secretField, type SecretFields, secretPem } from './secret-field.js';

/** Certificates of one chain: the leaf, and what its issuers need to be found. */
const CERTIFICATES_MAX = 10;
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** Lines of a key that are worth looking for: the last may be a rest that is found everywhere by chance. */
const KEY_LINE_MIN = 16;
const KEY_LINE = /^[A-Za-z0-9+/]+={0,2}$/;

type ClientCertificate = Extract<Injection, { kind: 'client-certificate' }>;

/** RFC 8446 section 4.4.2, RFC 5246 section 7.4.6: proven in the handshake; nothing is put on the request itself. */
export function injectClientCertificate(
  injection: ClientCertificate,
  fields: SecretFields,
  clock: Clock,
): Injector {
  const written = secretPem(fields, injection.key);
  const passphrase =
    injection.passphrase === undefined ? undefined : secretField(fields, injection.passphrase);
  const key = privateKey(injection, written, passphrase);
  const chain = certificateChain(injection, secretPem(fields, injection.certificate));
  const leaf = leafOf(injection, chain, key);
  const plainKey = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const searched = new Set([...keyLines(written), ...keyLines(plainKey)]);
  return {
    confidential: [...searched, ...(passphrase === undefined ? [] : [passphrase])],
    tlsIdentity: { certificate: chain.join('\n'), key: plainKey },
    replaces: () => false,
    inject: () => {
      refuseOutOfDate(injection, leaf, clock);
    },
  };
}

function privateKey(
  { key: field }: ClientCertificate,
  pem: string,
  passphrase: string | undefined,
): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    // The cause is left out: it may quote what it failed on.
    throw unusable(field, 'holds no private key in PEM form, or none that its passphrase opens');
  }
}

function certificateChain({ certificate: field }: ClientCertificate, pem: string): string[] {
  const chain = pem.match(CERTIFICATE_BLOCK) ?? [];
  if (chain.length === 0) throw unusable(field, 'holds no certificate in PEM form');
  if (chain.length > CERTIFICATES_MAX) {
    throw unusable(field, `holds more than ${CERTIFICATES_MAX} certificates`);
  }
  return chain;
}

interface Leaf {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** The first of the chain (RFC 8446 section 4.4.2), which the key has to be that of. */
function leafOf(
  { certificate: field, key: keyField }: ClientCertificate,
  chain: readonly string[],
  key: KeyObject,
): Leaf {
  const [leaf] = chain.map((pem, index) => readCertificate(field, pem, index));
  if (leaf?.checkPrivateKey(key) !== true) {
    throw unusable(keyField, `is not the key of the first certificate of field "${field}"`);
  }
  return { notBeforeMs: Date.parse(leaf.validFrom), notAfterMs: Date.parse(leaf.validTo) };
}

function readCertificate(field: string, pem: string, index: number): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw unusable(field, `holds a certificate that cannot be read: number ${index + 1}`);
  }
}

/** At the time of each call: a version of a secret may be in use for longer than its certificate is good. */
function refuseOutOfDate(
  { certificate: field }: ClientCertificate,
  { notBeforeMs, notAfterMs }: Leaf,
  clock: Clock,
): void {
  const nowMs = clock.now().getTime();
  if (nowMs > notAfterMs) throw unusable(field, 'holds a certificate that has expired');
  if (nowMs < notBeforeMs) throw unusable(field, 'holds a certificate that is not valid yet');
}

const keyLines = (pem: string): string[] =>
  pem
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line.length >= KEY_LINE_MIN && KEY_LINE.test(line));

const unusable = (field: string, what: string): CredentialUnusable =>
  new CredentialUnusable(`field ${JSON.stringify(field)} of the secret ${what}`);
