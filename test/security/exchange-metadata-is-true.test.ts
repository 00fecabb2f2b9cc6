import { StsEndpoint } from './sts-endpoint.js';

const WELL_KNOWN = '/.well-known/oauth-authorization-server';

type Metadata = Readonly<Record<string, unknown>>;

let endpoint: StsEndpoint;
let metadata: Metadata;

beforeEach(async () => {
  endpoint = await StsEndpoint.start();
  metadata = (await (await endpoint.request(WELL_KNOWN)).json()) as Metadata;
});
afterEach(() => endpoint.close());

it('M-01: names an issuer without path, query, fragment and user information', () => {
  const { protocol, origin } = new URL(String(metadata['issuer']));
  expect(metadata['issuer']).toBe(origin);
  expect(protocol).toBe('https:');
});

it('M-01: is there for this issuer alone, and to be read alone', async () => {
  for (const path of [`${WELL_KNOWN}/tenant`, `/tenant${WELL_KNOWN}`]) {
    expect((await endpoint.request(path)).status).toBe(404);
  }
  for (const method of ['POST', 'PUT', 'DELETE']) {
    expect([404, 405]).toContain((await endpoint.request(WELL_KNOWN, { method })).status);
  }
});

it('M-02: names for every endpoint how to authenticate there, and by which algorithms', () => {
  const endpoints = Object.keys(metadata).filter((name) => name.endsWith('_endpoint'));
  expect(endpoints.length).toBeGreaterThanOrEqual(3);
  for (const name of endpoints) {
    const methods = metadata[`${name}_auth_methods_supported`] as readonly string[];
    expect([name, methods.length]).not.toEqual([name, 0]);
    if (!methods.includes('private_key_jwt')) continue;
    expect(metadata[`${name}_auth_signing_alg_values_supported`]).toContain('ES256');
  }
});

it('M-02, M-03: has no empty list but that of response types, and no algorithm that is none or symmetric', () => {
  const lists = Object.entries(metadata).filter(([, value]) => Array.isArray(value));
  const empty = lists.filter(([, values]) => (values as readonly unknown[]).length === 0);
  expect(empty.map(([name]) => name)).toEqual(['response_types_supported']);
  const algorithms = lists.filter(([name]) => name.endsWith('_alg_values_supported'));
  expect(algorithms.length).toBeGreaterThan(0);
  expect(JSON.stringify(algorithms)).not.toMatch(/"none"|"HS\d+"/i);
});
