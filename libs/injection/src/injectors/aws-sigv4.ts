import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { type Clock } from '#kernel';
import { type Injection } from '../injection.js';
import { isLikeS3, isSigningHeader, signable } from './aws-request.js';
import { CredentialUnusable } from './credential-unusable.js';
import { type Injector, type OutgoingDraft } from './injector.js';
import { asHeaderValue, secretField, type SecretFields } from './secret-field.js';

type AwsInjection = Extract<Injection, { kind: 'aws-sigv4' }>;

/** Stands in the credential scope between separators. */
const ACCESS_KEY_ID = /^[A-Za-z0-9_.+@-]{1,128}$/;
const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
/** What signing adds, in the order in which it is written. */
const SIGNED_WITH = [
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
  'authorization',
] as const;

/**
 * AWS Signature Version 4 in the Authorization header. Signed are the method, the path, the query, the body (held) unless
 * `unsignedPayload`, and of the headers Host, Content-Type, Content-MD5 and every X-Amz-*.
 * @throws CredentialFieldMissing, CredentialUnusable; CallDenied from `inject` for a request that cannot be signed
 */
export function injectAwsSigV4(
  injection: AwsInjection,
  fields: SecretFields,
  { clock }: { readonly clock: Clock },
): Injector {
  const { service, unsignedPayload } = injection;
  const credentials = credentialsOf(injection, fields);
  const hasDigest = unsignedPayload || isLikeS3(service);
  const signer = new SignatureV4({
    credentials,
    region: injection.region,
    service,
    sha256: Sha256,
    uriEscapePath: !isLikeS3(service),
    applyChecksum: hasDigest,
  });
  const inject = async (draft: OutgoingDraft): Promise<void> => {
    const { path, query, headers } = signable(draft, service);
    const unsigned = unsignedPayload ? { 'x-amz-content-sha256': UNSIGNED_PAYLOAD } : {};
    const request = {
      ...{ method: draft.method, path, query, headers: { ...headers, ...unsigned } },
      ...{ protocol: 'https:', hostname: headers['host'] ?? '', body: draft.body },
    };
    const signed = await signer.sign(request, { signingDate: clock.now() });
    for (const name of SIGNED_WITH) {
      const value = signed.headers[name];
      if (value !== undefined) draft.headers.push(name, value);
    }
  };
  const { secretAccessKey, sessionToken } = credentials;
  return {
    confidential: [secretAccessKey, ...(sessionToken === undefined ? [] : [sessionToken])],
    holdsBody: !unsignedPayload,
    replaces: isSigningHeader,
    inject,
  };
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

function credentialsOf(injection: AwsInjection, fields: SecretFields): Credentials {
  const accessKeyId = secretField(fields, injection.accessKeyId);
  if (!ACCESS_KEY_ID.test(accessKeyId)) {
    throw new CredentialUnusable(
      `field ${JSON.stringify(injection.accessKeyId)} of the secret is no access key id`,
    );
  }
  const secretAccessKey = secretField(fields, injection.secretAccessKey);
  if (injection.sessionToken === undefined) return { accessKeyId, secretAccessKey };
  const token = secretField(fields, injection.sessionToken);
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: asHeaderValue(token, 'x-amz-security-token'),
  };
}

/** SHA-256, or HMAC-SHA-256 with a key, in the form that the signer asks for. */
class Sha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new Error('a digest is made once');
  }
}

function bytesOf(secret: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof secret === 'string') return secret;
  if (secret instanceof ArrayBuffer) return new Uint8Array(secret);
  return new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength);
}
