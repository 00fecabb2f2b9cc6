import { type Handle } from '#handles';
import { rotationTerms, subjectOf, TEST_NOW, TEST_ROTATED_REF } from '#testing';
import { AdminApi, type AdminAnswer } from '../../../test/support/admin-api.js';
import { anIntakeKey } from '../../../test/support/intake-key.js';

const TOKEN = `hvs.${'A'.repeat(24)}`;
const wrapped = {
  creationPath: 'secret/data/intake/ledger',
  ttlSecondsMax: 900,
  ageSecondsMax: 900,
};

let api: AdminApi;
beforeEach(async () => {
  api = new AdminApi();
  await api.rotation.book.adopt({ ref: TEST_ROTATED_REF, resource: 'ledger', version: 4 }, []);
  await api.start();
});
afterEach(() => api.host.close(0));

const post = (presented: string | undefined, path: string, body?: unknown): Promise<AdminAnswer> =>
  api.ask(path, presented, {
    method: 'POST',
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
/** The handle of an operator of its own. */
const operator = async (name: string, ...scopes: string[]): Promise<string> => {
  const who: Partial<Handle> = { resource: 'postern', scopes, subject: subjectOf(name) };
  return (await api.issue(who)).plaintext;
};
const rotator = (): Promise<string> => operator('rotator', 'admin.rotate', 'admin.read');
/** The handle by which `rotator` acts for another operator. */
const actingFor = async (name: string): Promise<string> => {
  const { issuer, subject } = subjectOf('rotator');
  const who: Partial<Handle> = { subject: subjectOf(name), actors: [{ issuer, subject }] };
  const scopes = ['admin.rotate', 'admin.approve'];
  return (await api.issue({ resource: 'postern', scopes, ...who })).plaintext;
};
const refusal = (status: number, code: string): object => ({ status, body: { title: code } });
const idOf = ({ body }: AdminAnswer): string => (body as { id: string }).id;
const anOrder = { resource: 'ledger', reason: 'a test' };

describe('asking for a rotation', () => {
  it('is answered with it before anything was done', async () => {
    const answer = await post(await rotator(), 'rotations', anOrder);
    expect(answer).toMatchObject({
      status: 202,
      body: {
        ...{ resource: 'ledger', state: 'requested', origin: 'generated', trigger: 'admin' },
        ...{
          reason: 'a test',
          from_version: 4,
          approvals_needed: 0,
          due_at: TEST_NOW.toISOString(),
        },
        initiator_id: subjectOf('rotator').id,
      },
    });
    expect(api.world.rotations.get(idOf(answer))?.rotation.state).toBe('requested');
  });

  it('says which other one has not ended', async () => {
    const plaintext = await rotator();
    const first = await post(plaintext, 'rotations', anOrder);
    const second = await post(plaintext, 'rotations', anOrder);
    expect(second).toMatchObject(refusal(409, 'rotation-active'));
    expect(second.body).toMatchObject({ detail: expect.stringContaining(idOf(first)) as unknown });
  });

  it.each<[string, object, number, string]>([
    ['of a resource that is not rotated', { resource: 'archive' }, 404, 'rotation-refused'],
    ['without a reason', { reason: undefined }, 400, 'bad-request'],
    ['of an origin of others', { origin: 'vault' }, 400, 'bad-request'],
    ['with a trigger of others', { trigger: 'schedule' }, 400, 'bad-request'],
    ['with a member too many', { force: true }, 400, 'bad-request'],
    ['wrapped, without a token', { origin: 'wrapped' }, 400, 'bad-request'],
    ['generated, with a token', { origin: 'generated', wrapping_token: TOKEN }, 400, 'bad-request'],
    ['with two tokens', { wrapping_token: TOKEN, wrapped_token: 'a.b.c.d.e' }, 400, 'bad-request'],
    [
      'with what is said of no token',
      { told: { created_at: '2026-11-20T12:00:00Z', ttl_seconds: 1 } },
      400,
      'bad-request',
    ],
    [
      'with a plain token in place of an encrypted one',
      { wrapped_token: TOKEN },
      400,
      'bad-request',
    ],
    ['with a token where none is taken', { wrapped_token: 'a.b.c.d.e' }, 400, 'rotation-refused'],
  ])('%s is refused, and nothing is asked for', async (_, change, status, code) => {
    const answer = await post(await rotator(), 'rotations', { ...anOrder, ...change });
    expect(answer).toMatchObject(refusal(status, code));
    expect(JSON.stringify(answer.body)).not.toContain(TOKEN);
    expect(api.world.rotations.size).toBe(0);
  });

  it('is refused as long as no rotator has it in hand, and says what to look at', async () => {
    api.world.credentials.clear();
    const answer = await post(await rotator(), 'rotations', anOrder);
    expect(answer).toMatchObject(refusal(409, 'rotation-refused'));
    expect(answer.body).toMatchObject({
      detail: expect.stringContaining('see that one runs') as unknown,
    });
  });

  it('says 503 when the store is away', async () => {
    api.world.setReachable(false);
    const answer = await post(await rotator(), 'rotations', anOrder);
    expect(answer).toMatchObject(refusal(503, 'dependency-unavailable'));
  });
});

describe('a wrapping token', () => {
  beforeEach(() => void api.terms.set('ledger', rotationTerms({ wrapped })));

  it('that is handed over as it is, is stored and told of encrypted alone', async () => {
    const { intakeKey, open } = await anIntakeKey();
    await api.intakeKeys.publish(intakeKey);
    const told = { created_at: '2026-11-20T11:59:00Z', ttl_seconds: 600 };
    const order = { ...anOrder, wrapping_token: TOKEN, told };
    const answer = await post(await rotator(), 'rotations', order);
    expect(answer).toMatchObject({ status: 202, body: { origin: 'wrapped' } });
    const { wrap } = api.world.rotations.get(idOf(answer))!.rotation;
    expect(await open(wrap!.sealedToken!)).toBe(TOKEN);
    expect(wrap).toMatchObject({
      told: { createdAt: new Date(told.created_at), ttlSeconds: 600 },
      unwrapStartedAt: undefined,
    });
    const traces = [
      answer.body,
      [...api.world.rotations.values()],
      api.records.journal.events,
      api.lines,
    ];
    expect(JSON.stringify(traces)).not.toContain(TOKEN);
  });

  it('that is encrypted already, is passed on as it is', async () => {
    const order = { ...anOrder, wrapped_token: 'aa.bb.cc.dd.ee' };
    const answer = await post(await rotator(), 'rotations', order);
    const { wrap } = api.world.rotations.get(idOf(answer))!.rotation;
    expect(wrap?.sealedToken).toBe('aa.bb.cc.dd.ee');
    expect(answer.body).toMatchObject({ wrap_fingerprint: wrap?.fingerprint });
  });

  it('cannot be taken before a rotator has published its key', async () => {
    const answer = await post(await rotator(), 'rotations', { ...anOrder, wrapping_token: TOKEN });
    expect(answer).toMatchObject(refusal(503, 'intake-key-missing'));
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(api.lines.join('')).not.toContain(TOKEN);
  });

  it('that is none is refused, and not repeated', async () => {
    await api.intakeKeys.publish((await anIntakeKey()).intakeKey);
    const order = { ...anOrder, wrapping_token: 'my-password-1' };
    const answer = await post(await rotator(), 'rotations', order);
    expect(answer).toMatchObject(refusal(400, 'bad-request'));
    expect(JSON.stringify([answer.body, api.lines])).not.toContain('my-password-1');
    expect(api.world.rotations.size).toBe(0);
  });

  it('is encrypted to what the API tells', async () => {
    const plaintext = await rotator();
    expect(await api.ask('rotations/intake-key', plaintext)).toMatchObject(
      refusal(503, 'intake-key-missing'),
    );
    const { intakeKey } = await anIntakeKey();
    await api.intakeKeys.publish(intakeKey);
    const answer = await api.ask('rotations/intake-key', plaintext);
    expect(answer).toMatchObject({ status: 200, body: intakeKey });
    expect(answer.body).not.toHaveProperty('jwk.d');
  });
});

describe('four eyes', () => {
  const compromised = { ...anOrder, trigger: 'compromise' };

  it('see a rotation before it begins: another operator approves it, and it is due at once', async () => {
    const asked = await post(await rotator(), 'rotations', compromised);
    expect(asked.body).toMatchObject({ approvals_needed: 1, approved_by: [] });
    const other = await operator('other', 'admin.approve');
    const approved = await post(other, `rotations/${idOf(asked)}/approve`, { reason: 'seen' });
    expect(approved).toMatchObject({
      status: 200,
      body: { approved_by: [subjectOf('other').id], due_at: TEST_NOW.toISOString() },
    });
    expect(api.records.journal.of('dev.postern.rotation.intervened.v1')).toMatchObject([
      { action: 'approve', operator_id: subjectOf('other').id, reason: 'seen' },
    ]);
  });

  it('are not two handles of the same operator', async () => {
    const asked = await post(await rotator(), 'rotations', compromised);
    const again = await operator('rotator', 'admin.approve');
    const answer = await post(again, `rotations/${idOf(asked)}/approve`);
    expect(answer).toMatchObject(refusal(403, 'rotation-refused'));
    expect(api.world.rotations.get(idOf(asked))?.rotation.approvedBy).toEqual([]);
  });

  it('are not those of who acts for the operator that approves: it may be who asked', async () => {
    const asked = await post(await rotator(), 'rotations', compromised);
    const answer = await post(await actingFor('other'), `rotations/${idOf(asked)}/approve`);
    expect(answer).toMatchObject(refusal(403, 'rotation-refused'));
    expect(api.world.rotations.get(idOf(asked))?.rotation.approvedBy).toEqual([]);
  });

  it('are not got round by asking as another, to approve it as oneself: it is not taken', async () => {
    const acting = await actingFor('other');
    expect(await post(acting, 'rotations', compromised)).toMatchObject(
      refusal(403, 'rotation-refused'),
    );
    expect(api.world.rotations.size).toBe(0);
    expect(await post(acting, 'rotations', anOrder)).toMatchObject({ status: 202 });
  });

  it('need admin.approve', async () => {
    const asked = await post(await rotator(), 'rotations', compromised);
    const other = await operator('other', 'admin.rotate', 'admin.read');
    const answer = await post(other, `rotations/${idOf(asked)}/approve`);
    expect(answer).toMatchObject(refusal(403, 'insufficient_scope'));
  });
});

describe('a rotation that is there', () => {
  it('is abandoned for a reason, and calls go on', async () => {
    const plaintext = await rotator();
    const id = idOf(await post(plaintext, 'rotations', anOrder));
    expect(await post(plaintext, `rotations/${id}/abandon`)).toMatchObject(
      refusal(400, 'bad-request'),
    );
    expect(await post(plaintext, `rotations/${id}/abandon`, { reason: 'not today' })).toMatchObject(
      {
        status: 200,
        body: { state: 'abandoned', previous_state: 'requested', ended_at: TEST_NOW.toISOString() },
      },
    );
    expect(await post(plaintext, `rotations/${id}/abandon`, { reason: 'again' })).toMatchObject(
      refusal(409, 'rotation-refused'),
    );
  });

  it('is abandoned as it stands, and holds no call back, when a rotator takes it further meanwhile', async () => {
    const plaintext = await rotator();
    const id = idOf(await post(plaintext, 'rotations', anOrder));
    const { store } = api.rotation;
    const intervene = store.intervene.bind(store);
    store.intervene = (...asked) => {
      const stored = api.world.rotations.get(id)!;
      stored.rotation = { ...stored.rotation, state: 'quiescing' };
      api.world.change(stored.rotation, { gate: 'quiescing', state: 'rotating' });
      return intervene(...asked);
    };
    const answer = await post(plaintext, `rotations/${id}/abandon`, { reason: 'not today' });
    expect(answer).toMatchObject({ status: 200, body: { previous_state: 'quiescing' } });
    expect(api.world.managed()).toMatchObject([{ gate: 'open', state: 'active' }]);
  });

  it('that asks for an administrator is reconciled, and no other', async () => {
    const plaintext = await rotator();
    const id = idOf(await post(plaintext, 'rotations', anOrder));
    expect(await post(plaintext, `rotations/${id}/reconcile`)).toMatchObject(
      refusal(409, 'rotation-refused'),
    );
    const stored = api.world.rotations.get(id)!;
    stored.rotation = { ...stored.rotation, state: 'manual_required' };
    expect(await post(plaintext, `rotations/${id}/reconcile`)).toMatchObject({
      status: 200,
      body: { state: 'reconciling', previous_state: 'manual_required' },
    });
  });

  it.each(['approve', 'abandon', 'reconcile'])('is needed to %s it', async (act) => {
    const plaintext = await operator('all', 'admin.rotate', 'admin.approve');
    const answer = await post(plaintext, `rotations/rot_none/${act}`, { reason: 'x' });
    expect(answer).toMatchObject(refusal(404, 'rotation-unknown'));
  });

  it('is shown with what was recorded of it, and without what marks its writes', async () => {
    const plaintext = await rotator();
    const id = idOf(await post(plaintext, 'rotations', anOrder));
    const answer = await api.ask(`rotations/${id}`, plaintext);
    expect(answer).toMatchObject({
      status: 200,
      body: { id, events: [{ type: 'dev.postern.rotation.requested.v1' }] },
    });
    const { token } = api.world.rotations.get(id)!.rotation;
    expect(JSON.stringify(answer.body)).not.toContain(token);
    expect(await api.ask('rotations/rot_none', plaintext)).toMatchObject(
      refusal(404, 'rotation-unknown'),
    );
  });
});
