import { type Handle, mintHandle } from '#handles';
import { DPOP_ALGORITHMS } from '#identity';
import { TEST_NOW } from '#testing';
import { AdminApi, type AdminAnswer } from '../../../test/support/admin-api.js';

const DPOP = `DPoP algs="${DPOP_ALGORITHMS.join(' ')}"`;
const gone = { id: 'gone', version: 1, digest: '', setDigest: '' };

let api: AdminApi;
beforeEach(async () => {
  api = new AdminApi();
  await api.start();
});
afterEach(() => api.host.close(0));

const refusal = (status: number, code: string): object => ({
  status,
  body: { status, title: code },
});
const idsIn = ({ body }: AdminAnswer): string[] =>
  (body as { handles: { id: string }[] }).handles.map(({ id }) => id);

describe('whoever asks the admin API', () => {
  it.each(['handles', 'handles/hdl_x', 'suspensions', 'reviews', 'explain/req_x'])(
    'needs a handle for %s',
    async (path) => {
      const answer = await api.ask(path);
      expect(answer).toMatchObject(refusal(401, 'invalid_client'));
      expect(answer.headers.get('www-authenticate')).toBe(`Bearer realm="postern", ${DPOP}`);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(answer.headers.get('postern-error')).toBe('invalid_client');
    },
  );

  it.each<[string, Partial<Handle>]>([
    ['another resource', { resource: 'ledger', scopes: ['admin.read'] }],
    ['one that is revoked', { resource: 'postern', scopes: ['admin.read'], status: 'revoked' }],
    ['one that is suspended', { resource: 'postern', scopes: ['admin.read'], status: 'suspended' }],
    ['a grant that is gone', { resource: 'postern', scopes: ['admin.read'], grant: gone }],
    ['one that expires now', { resource: 'postern', scopes: ['admin.read'], expiresAt: TEST_NOW }],
  ])('is nobody with a handle for %s', async (_, overrides) => {
    const { plaintext } = await api.issue(overrides);
    expect(await api.ask('handles', plaintext)).toMatchObject(refusal(401, 'invalid_client'));
  });

  it('is nobody with a handle of another environment', async () => {
    const { plaintext } = mintHandle('prod');
    expect(await api.ask('handles', plaintext)).toMatchObject(refusal(401, 'invalid_client'));
  });

  it.each(['handles', 'handles/hdl_x', 'suspensions', 'reviews', 'explain/req_x'])(
    'may not read %s without admin.read',
    async (path) => {
      const { plaintext } = await api.operator('admin.revoke', 'introspect');
      const answer = await api.ask(path, plaintext);
      expect(answer).toMatchObject(refusal(403, 'insufficient_scope'));
      expect(answer.headers.get('www-authenticate')).toBe(
        'Bearer realm="postern", error="insufficient_scope"',
      );
    },
  );

  it('may not revoke without admin.revoke, and nothing is revoked', async () => {
    const { handle, plaintext } = await api.operator('admin.read');
    const order = { scope: 'handle', id: handle.id, reason: 'x' };
    expect(await api.order(plaintext, order)).toMatchObject(refusal(403, 'insufficient_scope'));
    expect(await api.order(undefined, order)).toMatchObject(refusal(401, 'invalid_client'));
    expect(api.records.handles.get(handle.id)?.status).toBe('active');
  });
});

describe('listing handles', () => {
  it('tells everything but the digest', async () => {
    const { plaintext } = await api.operator('admin.read');
    const { handle } = await api.issue();
    const answer = await api.ask(`handles/${handle.id}`, plaintext);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({ id: handle.id, resource: 'ledger', status: 'active' });
    expect(JSON.stringify(answer.body)).not.toContain(handle.digest);
  });

  it('says that there is no such handle', async () => {
    const { plaintext } = await api.operator('admin.read');
    const answer = await api.ask('handles/hdl_none', plaintext);
    expect(answer).toMatchObject(refusal(404, 'handle-unknown'));
  });

  it.each([
    ['resource=ledger', ['hdl_1', 'hdl_2']],
    ['resource=ledger&status=revoked', ['hdl_2']],
    ['subjectId=sub_9', ['hdl_1']],
    ['familyId=fam_7', ['hdl_2']],
    ['resource=nothing', []],
  ])('takes the filter %s', async (query, expected) => {
    const { plaintext } = await api.operator('admin.read');
    await api.issue({ id: 'hdl_1', subject: { issuer: 'https://a', subject: 's', id: 'sub_9' } });
    await api.issue({ id: 'hdl_2', familyId: 'fam_7', status: 'revoked' });
    expect(idsIn(await api.ask(`handles?${query}`, plaintext))).toEqual(expected);
  });

  it('goes page by page until there is none, and misses no handle', async () => {
    const { plaintext } = await api.operator('admin.read');
    const issued = ['hdl_1', 'hdl_2', 'hdl_3', 'hdl_4'];
    for (const id of issued) await api.issue({ id });
    const seen: string[] = [];
    let after = '';
    do {
      const answer = await api.ask(`handles?resource=ledger&limit=2${after}`, plaintext);
      seen.push(...idsIn(answer));
      const { next } = answer.body as { next: string | null };
      after = next === null ? '' : `&after=${next}`;
    } while (after !== '');
    expect(seen).toEqual(issued);
  });

  it('refuses what it does not know, naming it', async () => {
    const { plaintext } = await api.operator('admin.read');
    const answer = await api.ask('handles?colour=red', plaintext);
    expect(answer).toMatchObject(refusal(400, 'bad-request'));
    expect(answer.body).toMatchObject({ detail: 'the query: Unrecognized key: "colour"' });
  });
});

describe('revoking', () => {
  it('revokes what the selector names, each with its event that says who and why', async () => {
    const operator = await api.operator('admin.revoke');
    const [one, two] = [
      await api.issue({ familyId: 'fam_1' }),
      await api.issue({ familyId: 'fam_1' }),
    ];
    const other = await api.issue();
    const order = { scope: 'family', id: 'fam_1', reason: 'laptop stolen' };
    const answer = await api.order(operator.plaintext, order);
    const { revoked, correlation_id: correlationId } = answer.body as {
      revoked: string[];
      correlation_id: string;
    };
    expect(answer.status).toBe(200);
    expect(revoked.sort()).toEqual([one.handle.id, two.handle.id].sort());
    expect(api.records.handles.get(other.handle.id)?.status).toBe('active');
    const events = api.records.journal.events.filter(
      ({ correlationid }) => correlationid === correlationId,
    );
    expect(events.map(({ data }) => data)).toMatchObject([
      { scope: 'family', reason: 'laptop stolen', initiator: 'admin' },
      { initiator: 'admin', initiator_id: operator.handle.id },
      { action: 'revoked', scope: 'family', id: 'fam_1', handles: 2, reason: 'laptop stolen' },
    ]);
  });

  it('does nothing more the second time', async () => {
    const { plaintext } = await api.operator('admin.revoke');
    const { handle } = await api.issue();
    const order = { scope: 'handle', id: handle.id, reason: 'x' };
    expect((await api.order(plaintext, order)).body).toMatchObject({ revoked: [handle.id] });
    const before = api.records.journal.events.length;
    expect((await api.order(plaintext, order)).body).toMatchObject({ revoked: [] });
    expect(api.records.journal.events).toHaveLength(before);
  });

  it('refuses an order without a reason, and nothing is revoked', async () => {
    const { plaintext } = await api.operator('admin.revoke');
    const { handle } = await api.issue();
    const answer = await api.order(plaintext, { scope: 'handle', id: handle.id });
    expect(answer).toMatchObject(refusal(400, 'bad-request'));
    expect(api.records.handles.get(handle.id)?.status).toBe('active');
  });

  it.each([
    ['what is no JSON', 'application/json', '{', 400],
    ['a form', 'application/x-www-form-urlencoded', 'scope=handle&id=hdl_1&reason=x', 415],
  ])('refuses %s', async (_, type, body, status) => {
    const { plaintext } = await api.operator('admin.revoke');
    const init = { method: 'POST', headers: { 'content-type': type }, body };
    expect((await api.ask('revoke', plaintext, init)).status).toBe(status);
  });

  it('says 503 and revokes nothing when the store is away', async () => {
    const { plaintext } = await api.operator('admin.revoke');
    api.records.setReachable(false);
    const answer = await api.order(plaintext, { scope: 'handle', id: 'hdl_1', reason: 'x' });
    expect(answer).toMatchObject(refusal(503, 'dependency-unavailable'));
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(api.lines.join('')).toContain('an admin request failed');
  });

  it('revokes nothing when the event cannot be written', async () => {
    const { plaintext } = await api.operator('admin.revoke');
    const { handle } = await api.issue();
    api.records.journal.setReachable(false);
    const answer = await api.order(plaintext, { scope: 'handle', id: handle.id, reason: 'x' });
    expect(answer.status).toBe(503);
    expect(api.records.handles.get(handle.id)?.status).toBe('active');
  });
});

describe('suspending and resuming', () => {
  const order = { scope: 'resource', id: 'ledger', reason: 'incident 4711' };

  it('suspends what the selector names until it is resumed, and tells what stands', async () => {
    const { plaintext, handle: own } = await api.operator('admin.revoke', 'admin.read');
    const { handle } = await api.issue();
    const suspended = await api.order(plaintext, order, 'suspend');
    expect(suspended).toMatchObject({ status: 200, body: { suspended: [handle.id] } });
    expect(api.records.handles.get(handle.id)?.status).toBe('suspended');
    expect(await api.ask('suspensions', plaintext)).toMatchObject({
      status: 200,
      body: {
        suspensions: [
          {
            target: 'resource:ledger',
            scope: 'resource',
            id: 'ledger',
            issuer: null,
            within: [],
            reason: 'incident 4711',
            initiator: 'admin',
            initiator_id: own.id,
            since: TEST_NOW.toISOString(),
          },
        ],
        next: null,
      },
    });
    const resumed = await api.order(plaintext, order, 'resume');
    expect(resumed).toMatchObject({ status: 200, body: { resumed: [handle.id] } });
    expect((await api.ask('suspensions', plaintext)).body).toEqual({ suspensions: [], next: null });
  });

  it('does nothing more the second time', async () => {
    const { plaintext } = await api.operator('admin.revoke');
    await api.issue();
    await api.order(plaintext, order, 'suspend');
    const before = api.records.journal.events.length;
    expect((await api.order(plaintext, order, 'suspend')).body).toMatchObject({ suspended: [] });
    expect(api.records.journal.events).toHaveLength(before);
  });

  it.each(['suspend', 'resume'] as const)('needs admin.revoke and a reason to %s', async (verb) => {
    const reader = await api.operator('admin.read');
    const forbidden = await api.order(reader.plaintext, order, verb);
    expect(forbidden).toMatchObject(refusal(403, 'insufficient_scope'));
    const { plaintext } = await api.operator('admin.revoke');
    const bare = await api.order(plaintext, { scope: 'resource', id: 'ledger' }, verb);
    expect(bare).toMatchObject(refusal(400, 'bad-request'));
    expect(api.records.orders.suspensions).toEqual([]);
  });

  it('tells what stands to readers alone', async () => {
    const { plaintext } = await api.operator('admin.revoke');
    expect(await api.ask('suspensions', plaintext)).toMatchObject(
      refusal(403, 'insufficient_scope'),
    );
  });

  it('ends an operator handle of a suspended workload as any other', async () => {
    const { plaintext } = await api.operator('admin.revoke');
    await api.order(plaintext, { ...order, id: 'postern' }, 'suspend');
    expect(await api.order(plaintext, order, 'resume')).toMatchObject(
      refusal(401, 'invalid_client'),
    );
  });
});

it('lists reviews', async () => {
  const { plaintext } = await api.operator('admin.read');
  const { body } = await api.ask('reviews', plaintext);
  expect(body).toMatchObject([{ id: 'old', overdue: true }, {}, { id: 'grant-1' }, {}]);
});

it('describes itself to everybody', async () => {
  const { status, body } = await api.ask('openapi.json');
  expect([status, body]).toMatchObject([200, { openapi: '3.1.0' }]);
});
