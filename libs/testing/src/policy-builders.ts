import { type WorkloadIdentity } from '#identity';
import {
  type AccessRequest,
  compileResource,
  type Grant,
  type GrantContext,
  type GrantFileText,
  type GrantSet,
  grantSetOf,
  posternResource,
  type Resource,
  NO_INTENT,
  NO_PROOFS,
  type ResourceRegistration,
  ResourceSet,
  type UndigestedGrant,
  withDigest,
} from '#policy';
import { stringify } from 'yaml';

export const TEST_ISSUER = 'https://issuer.example';
export const TEST_ORIGIN = 'https://postern.example';
export const TEST_ENVIRONMENT = 'dev';
/** An instant at which the grants of the builders are in force and nothing is due for review. */
export const TEST_NOW = new Date('2026-11-21T12:00:00Z');

/** A registration as it stands in the configuration: the resource `ledger`. */
export const aResourceRegistration = (
  overrides: Partial<ResourceRegistration> = {},
): ResourceRegistration => ({
  id: 'ledger',
  environment: TEST_ENVIRONMENT,
  owner: 'core-banking@example',
  presentations: ['bearer'],
  scopes: {
    'ledger.read': ['GET /accounts/**', 'GET /entries/{id}'],
    'ledger.post': ['POST /entries'],
  },
  forbid: [],
  allow: {},
  handle: {
    ttlSeconds: 300,
    maxTtlSeconds: 900,
    maxCalls: 1000,
    concurrencyMax: 64,
    binding: 'none',
  },
  ...overrides,
});

/** The compiled resource `ledger`. Overrides are those of the registration: operations as text. */
export const aResource = (overrides: Partial<ResourceRegistration> = {}): Resource => {
  const registration = aResourceRegistration(overrides);
  const { environment } = registration;
  return compileResource(registration, { environment, publicOrigin: TEST_ORIGIN });
};

/** `ledger` and the reserved resource. */
export const aResourceSet = (
  resources: readonly Resource[] = [
    posternResource(TEST_ENVIRONMENT, TEST_ORIGIN),
    aResource(),
    aResource({ id: 'archive' }),
  ],
): ResourceSet => ResourceSet.of(resources);

/** A grant that permits `settler` of TEST_ISSUER to read `ledger`. */
export const aGrant = (overrides: Partial<Grant> = {}): Grant =>
  withDigest({ ...grantDefaults, ...overrides });

const grantDefaults: UndigestedGrant = {
  id: 'settlement-reads-ledger',
  environment: TEST_ENVIRONMENT,
  version: 1,
  purpose: 'The nightly settlement reads the balances of closed accounts',
  owner: 'payments@example',
  approvedBy: ['core-banking@example'],
  pattern: 'federation',
  created: new Date('2026-11-01T00:00:00Z'),
  reviewBy: new Date('2027-01-31T00:00:00Z'),
  subject: {
    issuer: TEST_ISSUER,
    id: { kind: 'exact', subject: 'settler' },
    claims: new Map(),
  },
  resource: 'ledger',
  scopes: ['ledger.read'],
  defaultScopes: ['ledger.read'],
  maxTtlSeconds: 300,
  maxCalls: undefined,
  binding: 'none',
  actor: undefined,
  clientAuth: 'self',
  maxChainDepth: 0,
  when: undefined,
  file: 'grants/settlement-reads-ledger.yaml',
};

export const aGrantSet = (
  grants: readonly Grant[] = [aGrant()],
  loadedAt: Date = TEST_NOW,
): GrantSet => grantSetOf(grants, loadedAt);

export const aWorkloadIdentity = (overrides: Partial<WorkloadIdentity> = {}): WorkloadIdentity => ({
  issuer: TEST_ISSUER,
  subject: 'settler',
  subjectKind: 'workload',
  claims: new Map(),
  scopes: undefined,
  ...overrides,
});

/** `settler` asks for `ledger.read` of `ledger`. */
export const anAccessRequest = (overrides: Partial<AccessRequest> = {}): AccessRequest => ({
  identity: aWorkloadIdentity(),
  presented: { kind: 'token' },
  clientAuthenticated: false,
  proofs: NO_PROOFS,
  requestedScopes: ['ledger.read'],
  intent: NO_INTENT,
  resource: aResource(),
  expiresAt: new Date(TEST_NOW.getTime() + 3_600_000),
  now: TEST_NOW,
  ...overrides,
});

/** What the grant files of the builders refer to: issuers `example` and `other`, resources `ledger` and `archive`. */
export const aGrantContext = (overrides: Partial<GrantContext> = {}): GrantContext => ({
  environment: TEST_ENVIRONMENT,
  issuers: new Map([
    ['example', { issuer: TEST_ISSUER }],
    ['other', { issuer: 'https://other.example' }],
  ]),
  resources: aResourceSet(),
  now: TEST_NOW,
  ...overrides,
});

/** Own tests that hold for a grant that lets `subject` read and not post; `more` is added to each question. */
export const ownTests = (subject: string, more: Record<string, unknown> = {}) => [
  { permit: { subject, scope: 'ledger.read', ...more } },
  { deny: { subject, scope: 'ledger.post', ...more } },
  { deny: { subject, scope: 'no.such.scope', ...more } },
  { deny: { subject, scope: 'ledger.read', issuer: 'other', ...more } },
];

/** The fields of the grant of aGrant(), as they are written in a file. */
export const grantFields = (): Record<string, unknown> => ({
  id: 'settlement-reads-ledger',
  version: 1,
  purpose: 'The nightly settlement reads the balances of closed accounts',
  owner: 'payments@example',
  approvedBy: ['core-banking@example'],
  pattern: 'federation',
  created: '2026-11-01',
  reviewBy: '2027-01-30',
  subject: { issuer: 'example', id: 'settler' },
  actor: null,
  resource: 'ledger',
  scopes: ['ledger.read'],
  defaultScopes: ['ledger.read'],
  maxTtl: '5m',
  binding: 'none',
  bindingJustification: 'A test on loopback',
  maxChainDepth: 0,
  tests: [
    { permit: { subject: 'settler', scope: 'ledger.read' } },
    { deny: { subject: 'settler2', scope: 'ledger.read' } },
    { deny: { subject: 'Settler', scope: 'ledger.read' } },
    { deny: { subject: 'settler', scope: 'ledger.post' } },
  ],
});

/** A grant file; a field that is overridden with undefined is left out. */
export const aGrantFile = (
  overrides: Record<string, unknown> = {},
  file = 'grants/settlement-reads-ledger.yaml',
): GrantFileText => ({
  file,
  text: stringify({ ...grantFields(), ...overrides }, { aliasDuplicateObjects: false }),
});
