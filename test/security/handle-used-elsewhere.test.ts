import { aProxiedResource } from '#testing';
import { CallPath } from './call-path.js';

/** Session or handle used on another route: agentgateway GHSA-mvgg-jvj2-4frq. */
describe('a handle is for one resource, its scopes and one environment', () => {
  let path: CallPath;
  beforeAll(async () => {
    path = await CallPath.start();
    const archive = aProxiedResource(
      { destination: `${path.backend.origin}/archive` },
      { id: 'archive' },
    );
    path.parts.resources.set('archive', archive);
  });
  afterAll(() => path.stop());

  it.each([
    ['another resource', '/proxy/archive/accounts/42', 'GET'],
    ['a resource that is not registered', '/proxy/nowhere/accounts/42', 'GET'],
    ['the reserved resource', '/proxy/postern/accounts/42', 'GET'],
    ['another path', '/proxy/ledger/admin', 'GET'],
    ['another method', '/proxy/ledger/accounts/42', 'DELETE'],
    ['the empty path', '/proxy/ledger', 'GET'],
    ['the root', '/proxy/ledger/', 'GET'],
    ['a path with a slash at its end', '/proxy/ledger/entries/', 'POST'],
  ])(
    'P-03: is refused at %s: no secret is read, nothing is counted or sent',
    async (_, target, method) => {
      const answer = await path.call(target, { method });
      expect([answer.status, answer.headers['postern-error']]).toEqual([403, 'insufficient_scope']);
      expect(path.parts.secrets.calls).toEqual({ currentVersion: 0, read: 0 });
      expect(path.parts.ledger.started).toHaveLength(0);
      expect(path.backend.seen).toHaveLength(0);
    },
  );

  it('P-03: is refused for a scope that it does not carry', async () => {
    const handle = { scopes: ['ledger.read'] };
    const answer = await path.call('/proxy/ledger/entries', { method: 'POST', handle });
    expect(answer.status).toBe(403);
  });

  it('is refused in another environment by its prefix, before any look-up', async () => {
    const before = path.parts.handles.lookedUp.length;
    const answer = await path.call('/proxy/ledger/accounts/42', {
      handle: { environment: 'staging' },
    });
    expect([answer.status, answer.headers['postern-error']]).toEqual([401, 'wrong-environment']);
    expect(path.parts.handles.lookedUp).toHaveLength(before);
    const event = path.parts.journal.events.at(-1)!;
    expect(event.severitytext).toBe('ERROR');
    expect(event.data).toMatchObject({
      reason: 'env_mismatch',
      env_listener: 'dev',
      env_handle: 'staging',
    });
  });

  it('is refused when it is bound to a key: proofs are not available', async () => {
    const answer = await path.call('/proxy/ledger/accounts/42', {
      handle: { binding: { kind: 'dpop', jkt: 'x' } },
    });
    expect([answer.status, path.backend.seen.length]).toEqual([401, 0]);
  });

  it('works where it is for', async () => {
    expect((await path.call('/proxy/ledger/accounts/42')).status).toBe(200);
    expect((await path.call('/proxy/ledger/accounts/42', { method: 'HEAD' })).status).toBe(200);
    expect(
      (await path.call('/proxy/archive/accounts/42', { handle: { resource: 'archive' } })).status,
    ).toBe(200);
    expect(path.backend.seen.map(({ url }) => url)).toEqual([
      '/api/accounts/42',
      '/api/accounts/42',
      '/archive/accounts/42',
    ]);
  });
});
