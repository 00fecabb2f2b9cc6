import { parseHandle, PlantedCanaries } from '#handles';
import { AdminApi, type AdminAnswer } from '../../../test/support/admin-api.js';

let api: AdminApi;
let operator: string;
beforeEach(async () => {
  api = new AdminApi();
  await api.start();
  operator = (await api.operator('admin.read', 'admin.revoke')).plaintext;
});
afterEach(() => api.host.close(0));

interface Shown {
  readonly id: string;
  readonly kind: string;
  readonly note: string;
  readonly ended_at: string | null;
  readonly plaintext?: string;
}

const order = { kind: 'handle', note: 'in the wiki' };
const headers = { 'content-type': 'application/json' };
const post = (path: string, body?: unknown, handle = operator): Promise<AdminAnswer> => {
  const sent = body === undefined ? {} : { headers, body: JSON.stringify(body) };
  return api.ask(path, handle, { method: 'POST', ...sent });
};
const plant = async (asked: object = order): Promise<Shown> =>
  (await post('canaries', asked)).body as Shown;
const listed = async (query = ''): Promise<{ canaries: Shown[]; next: string | null }> =>
  (await api.ask(`canaries${query}`, operator)).body as never;

describe('canaries of the admin API', () => {
  it('are given out once, and are known from then on', async () => {
    const answer = await post('canaries', order);
    const { plaintext = '', ...canary } = answer.body as Shown;
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(parseHandle(plaintext).kind).toBe('handle');
    expect((await listed()).canaries).toEqual([canary]);
    const planted = new PlantedCanaries(api.canaries);
    await planted.refresh();
    expect(planted.among(() => [plaintext])).toBe(canary.id);
  });

  it('leave their plaintext in no event, no log and no list', async () => {
    for (const kind of ['handle', 'credential']) {
      const { plaintext = '' } = await plant({ ...order, kind });
      const left = [api.records.journal.events, api.journal.events, api.lines, await listed()];
      expect(plaintext).not.toBe('');
      expect(JSON.stringify(left)).not.toContain(plaintext);
    }
  });

  it('are told of when they are made and when they end, with who did it', async () => {
    const { id } = await plant();
    expect((await post(`canaries/${id}/end`)).status).toBe(200);
    const told = { canary_id: id, kind: 'handle', note: 'in the wiki' };
    const { journal } = api.records;
    expect(journal.of('dev.postern.policy.canary_planted.v1')).toMatchObject([told]);
    const [ended] = journal.of('dev.postern.policy.canary_ended.v1');
    expect(ended).toMatchObject({
      ...told,
      initiator_id: expect.stringMatching(/^sub_/) as unknown,
    });
  });

  it('end once: again nothing more happens', async () => {
    const { id } = await plant();
    const first = await post(`canaries/${id}/end`);
    api.clock.advance(60);
    expect((await post(`canaries/${id}/end`)).body).toEqual(first.body);
    expect(api.records.journal.of('dev.postern.policy.canary_ended.v1')).toHaveLength(1);
    expect((await listed()).canaries[0]!.ended_at).not.toBeNull();
  });

  it('come a page at a time', async () => {
    for (let planted = 0; planted < 3; planted += 1) await plant();
    const first = await listed('?limit=2');
    const second = await listed(`?limit=2&after=${first.next}`);
    expect([first.canaries.length, second.canaries.length, second.next]).toEqual([2, 1, null]);
  });

  it.each(['can_unknown', '%00', 'hdl_x'])('there is none with the id %s', async (id) => {
    expect((await post(`canaries/${id}/end`)).status).toBe(404);
  });

  it.each<[string, unknown]>([
    ['another kind', { ...order, kind: 'token' }],
    ['no note', { kind: 'handle' }],
    ['an empty note', { ...order, note: '' }],
    ['a note of two lines', { ...order, note: 'a\nb' }],
    ['a note that is too long', { ...order, note: 'x'.repeat(257) }],
    ['what is no member', { ...order, plaintext: 'mine' }],
  ])('are refused with %s', async (_, asked) => {
    expect((await post('canaries', asked)).status).toBe(400);
    expect((await listed()).canaries).toEqual([]);
  });

  it('need the scopes that they say', async () => {
    const { id } = await plant();
    const reader = (await api.operator('admin.read')).plaintext;
    const revoker = (await api.operator('admin.revoke')).plaintext;
    expect((await post('canaries', order, reader)).status).toBe(403);
    expect((await post(`canaries/${id}/end`, undefined, reader)).status).toBe(403);
    expect((await api.ask('canaries', revoker)).status).toBe(403);
    expect((await api.ask('canaries')).status).toBe(401);
    expect(await listed()).toMatchObject({ canaries: [{ id, ended_at: null }] });
  });
});
