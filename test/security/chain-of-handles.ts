import { type Grant } from '#policy';
import { type FormParameters, grantUnderTest } from '#testing';

const HANDLE_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
export const READ = 'ledger.read';
export const POST = 'ledger.post';
const DEPTH_MAX = 2;

const scopes = { scopes: [READ, POST], defaultScopes: [READ, POST] };
export const ROOT = grantUnderTest(scopes);
/** What makes a chain at all: the same workload may exchange what it was given for less. */
export const CHAIN = grantUnderTest({
  ...scopes,
  id: 'workload-narrows-ledger',
  pattern: 'downscoping',
  maxChainDepth: DEPTH_MAX,
});
export const OPERATES = grantUnderTest({
  id: 'operator-operates',
  subject: {
    issuer: 'https://idp.test',
    id: { kind: 'exact', subject: 'operator' },
    claims: new Map(),
  },
  resource: 'postern',
  scopes: ['introspect'],
  defaultScopes: undefined,
});
export const CHAIN_GRANTS: readonly Grant[] = [ROOT, CHAIN, OPERATES];

export const details = (members: Readonly<Record<string, unknown>>): string =>
  JSON.stringify([{ type: 'urn:postern:call', ...members }]);

/** A request to exchange a handle for one of ten calls. */
export const narrowed = (handle: string, parameters: FormParameters = {}): FormParameters => ({
  subject_token: handle,
  subject_token_type: HANDLE_TYPE,
  scope: READ,
  authorization_details: details({ maxCalls: 10 }),
  ...parameters,
});
