/** What the soak registers: two plain resources that differ in how calls are recorded, and three with sessions. */
export const PLAIN = ['strict', 'buffered'] as const;
export const WITH_SESSIONS = ['form', 'digest', 'token'] as const;
export const RESOURCES = [...PLAIN, ...WITH_SESSIONS] as const;

export type ResourceName = (typeof RESOURCES)[number];

const PLAIN_OPERATIONS = [
  'GET /accounts/{id}',
  'POST /entries/{id}',
  'PUT /uploads/{id}',
  'GET /downloads/{id}',
  'GET /echo/{id}',
  'GET /events/{id}',
  'GET /failing/{id}',
  'GET /broken/{id}',
  'GET /half/{id}',
  'GET /slow/{id}',
  'GET /waiting/{id}',
  'UPGRADE /stream/{id}',
];
const FIELDS = { username: 'username', password: 'password' };
const HEADERS_TIMEOUT = '3s';

/** The `resources` of postern.yaml. @param backend Origin of the destinations. */
export const resourceSettings = (
  backend: string,
  mount: string,
): readonly Readonly<Record<string, unknown>>[] => {
  const resource = (id: ResourceName, more: Readonly<Record<string, unknown>>) => ({
    id,
    environment: 'dev',
    owner: 'core-banking@example',
    connector: 'http',
    destination: `${backend}/${id}`,
    network: { allowPrivate: true },
    credential: { ref: { mount, path: id } },
    presentations: ['bearer'],
    scopes: { 'ledger.read': ['GET /accounts/{id}'] },
    handle: { ttl: '5m', maxTtl: '15m', maxCalls: 100_000, binding: 'any' },
    call: callSettings('strict'),
    response: { scrub: 'stream' },
    ...more,
  });
  // Each a copy of its own: what an object stands for twice would become an anchor in YAML, which is refused.
  const plain = () => ({
    inject: { as: 'basic', ...FIELDS },
    scopes: { 'ledger.read': [...PLAIN_OPERATIONS] },
  });
  return [
    resource('strict', plain()),
    resource('buffered', { ...plain(), call: callSettings('buffered') }),
    resource('form', { inject: formSettings() }),
    resource('digest', { inject: { as: 'digest', ...FIELDS } }),
    resource('token', { inject: tokenSettings(backend) }),
  ];
};

const callSettings = (audit: 'strict' | 'buffered') => ({
  timeout: '30s',
  headersTimeout: HEADERS_TIMEOUT,
  maxRequestBytes: '16MiB',
  maxResponseBytes: 'unlimited',
  audit,
});

const formSettings = () => ({
  as: 'form-login',
  ...FIELDS,
  login: {
    page: 'GET /form/login',
    submit: 'POST /form/session',
    usernameParameter: 'user',
    passwordParameter: 'pass',
  },
  success: { status: 302, location: '/form/home' },
  expired: { status: 302, location: '/form/login' },
  logout: 'POST /form/logout',
});

const tokenSettings = (backend: string) => ({
  as: 'oauth2-client-credentials',
  tokenEndpoint: `${backend}/token/token`,
  clientId: 'username',
  clientSecret: 'password',
  allowPrivate: true,
});
