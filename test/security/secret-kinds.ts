import { createHash, randomBytes } from 'node:crypto';
import { type Injection } from '#injection';
import { TestCertificate } from '#testing';

type Fields = Readonly<Record<string, string>>;

/** What a call has to be like for the secret to be put on it. */
export interface SuitableCall {
  readonly method: 'GET' | 'POST';
  readonly headers: Fields;
  readonly body?: string;
}

/** One kind of injection with a secret that nobody else has. */
export interface SecretKind {
  readonly injection: (origin: string) => Injection;
  /** Fields of a fresh secret. */
  readonly secret: () => Fields | Promise<Fields>;
  /** What of it is confidential, and what can be replayed that is made of it. */
  readonly confidential: (fields: Fields) => readonly string[];
  readonly call?: SuitableCall;
  /** The destination takes part in TLS. */
  readonly tls?: true;
}

const word = (): string => `canary-${randomBytes(12).toString('hex')}`;
/** With characters that URLs, JSON and markup write in another way. */
const phrase = (): string => `${word()}"/+&=%<\\'é~`;
/** What every header takes. */
const headerPhrase = (): string => `${word()}"/+&=%<\\'~`;
const account = () => ({ username: 'ledger-svc', password: phrase() });
const ACCOUNT = { username: 'username', password: 'password' } as const;
const value = { secret: () => ({ value: headerPhrase() }), confidential: Object.values };
const onlyPassword = { secret: account, confidential: ({ password }: Fields) => [password!] };

const form: SuitableCall = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: 'a=1&b=2',
};
const json: SuitableCall = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"a":1}',
};
const envelope: SuitableCall = {
  method: 'POST',
  headers: { 'content-type': 'text/xml; charset=utf-8', soapaction: '""' },
  body: '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>',
};

export const REALM = 'the ledger';
const digest = (algorithm: 'MD5' | 'SHA-256'): SecretKind => ({
  injection: () => ({ kind: 'digest', ...ACCOUNT, algorithms: [algorithm], qop: ['auth'] }),
  secret: account,
  // RFC 7616 section 3.4.2: who has H(A1) needs no password in this realm.
  confidential: ({ username, password }) => [
    password!,
    createHash(algorithm.toLowerCase().replace('-', ''))
      .update(`${username}:${REALM}:${password}`)
      .digest('hex'),
  ],
});

const soap = (type: 'text' | 'digest'): SecretKind => ({
  injection: () => ({
    kind: 'soap-username-token',
    ...ACCOUNT,
    type,
    mustUnderstand: false,
    soap: 'auto',
  }),
  ...onlyPassword,
  call: envelope,
});

const hmac = (keyEncoding: 'utf8' | 'hex'): SecretKind => ({
  injection: () => ({
    kind: 'hmac',
    algorithm: 'sha256',
    key: 'key',
    keyEncoding,
    stringToSign: '{method}\n{target}\n{date}',
    signatureEncoding: 'hex',
    header: { name: 'X-Signature', template: '{signature}' },
    dateHeader: { name: 'X-Date', format: 'iso' },
  }),
  secret: () => ({ key: keyEncoding === 'hex' ? randomBytes(32).toString('hex') : phrase() }),
  confidential: ({ key = '' }) =>
    keyEncoding === 'hex' ? [key, Buffer.from(key, 'hex').toString('base64')] : [key],
});

const oauth2 = (authentication: 'client_secret_basic' | 'client_secret_post'): SecretKind => ({
  injection: (origin) => ({
    kind: 'oauth2-client-credentials',
    tokenEndpoint: `${origin}/token`,
    allowPrivate: true,
    authentication,
    clientId: 'id',
    clientSecret: 'secret',
    scope: undefined,
    audience: undefined,
    resource: undefined,
  }),
  secret: () => ({ id: 'agent+1', secret: phrase() }),
  // RFC 6749 section 2.3.1: id and secret are form-encoded before they become Basic credentials.
  confidential: ({ id = '', secret = '' }) => [
    secret,
    `${id}:${secret}`,
    [id, secret].map((text) => new URLSearchParams({ '': text }).toString().slice(1)).join(':'),
  ],
});

/** Every kind of injection, and every way of one that handles its secret in a way of its own. */
export const SECRET_KINDS = {
  basic: {
    injection: () => ({ kind: 'basic', ...ACCOUNT }),
    secret: account,
    confidential: ({ username, password }) => [password!, `${username}:${password}`],
  },
  bearer: { injection: () => ({ kind: 'bearer', value: 'value' }), ...value },
  header: {
    injection: () => ({ kind: 'header', name: 'X-Api-Key', template: 'Key {value}' }),
    ...value,
  },
  query: {
    injection: () => ({ kind: 'query', name: 'api_key', value: 'value' }),
    secret: () => ({ value: phrase() }),
    confidential: Object.values,
  },
  cookie: {
    injection: () => ({ kind: 'cookie', name: 'api_key', value: 'value' }),
    secret: () => ({ value: `${word()}/+&=%<~'` }),
    confidential: Object.values,
  },
  'body-field in a form': {
    injection: () => ({ kind: 'body-field', format: 'form', name: 'api_key', value: 'value' }),
    secret: () => ({ value: phrase() }),
    confidential: Object.values,
    call: form,
  },
  'body-field in JSON': {
    injection: () => ({ kind: 'body-field', format: 'json', name: '/auth/key', value: 'value' }),
    secret: () => ({ value: phrase() }),
    confidential: Object.values,
    call: json,
  },
  hmac: hmac('utf8'),
  'hmac with a key in hexadecimal': hmac('hex'),
  'aws-sigv4': {
    injection: () => ({
      kind: 'aws-sigv4',
      accessKeyId: 'id',
      secretAccessKey: 'secret',
      sessionToken: 'session',
      region: 'eu-central-1',
      service: 'execute-api',
      unsignedPayload: false,
    }),
    secret: () => ({ id: 'AKIAIOSFODNN7EXAMPLE', secret: `${word()}/+=`, session: `${word()}/+=` }),
    confidential: ({ secret, session }) => [secret!, session!],
  },
  'soap-username-token in text': soap('text'),
  'soap-username-token as a digest': soap('digest'),
  'digest with MD5': digest('MD5'),
  'digest with SHA-256': digest('SHA-256'),
  'client-certificate': {
    injection: () => ({
      kind: 'client-certificate',
      certificate: 'certificate',
      key: 'key',
    }),
    secret: async () => {
      const { pem, keyPem } = await TestCertificate.selfSigned();
      return { certificate: pem, key: keyPem };
    },
    // A last line of some characters could be found by chance.
    confidential: ({ key = '' }) => key.split('\n').filter((line) => /^[\w+/=]{16,}$/.test(line)),
    tls: true,
  },
  'oauth2-client-credentials by Basic': oauth2('client_secret_basic'),
  'oauth2-client-credentials by form': oauth2('client_secret_post'),
  'form-login': {
    injection: () => ({
      kind: 'form-login',
      ...ACCOUNT,
      login: {
        page: '/login',
        submit: '/session',
        usernameParameter: 'user',
        passwordParameter: 'pass',
        extra: {},
      },
      success: { status: 302, location: '/home', cookie: 'sid' },
      expired: { status: 302, location: '/login', cookie: undefined },
      logout: { method: 'POST', path: '/logout' },
    }),
    ...onlyPassword,
  },
} as const satisfies Readonly<Record<string, SecretKind>>;

export type SecretKindName = keyof typeof SECRET_KINDS;
export const SECRET_KIND_NAMES = Object.keys(SECRET_KINDS) as readonly SecretKindName[];
export const secretKind = (name: SecretKindName): SecretKind => SECRET_KINDS[name];
