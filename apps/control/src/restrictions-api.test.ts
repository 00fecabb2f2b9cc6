import { type Restriction } from '#handles';
import { secondsAfter } from '#kernel';
import { aDenialEvent, aRestriction, TEST_NOW } from '#testing';
import { AdminApi, type AdminAnswer } from '../../../test/support/admin-api.js';

let api: AdminApi;
let operator: string;
beforeEach(async () => {
  api = new AdminApi();
  await api.start();
  operator = (await api.operator('admin.read', 'admin.revoke')).plaintext;
});
afterEach(() => api.host.close(0));

const imposed = async (
  ...[terms, overrides]: Parameters<typeof aRestriction>
): Promise<Restriction> => {
  const times = { imposedAt: TEST_NOW, until: secondsAfter(TEST_NOW, 600) };
  const restriction = aRestriction(terms, { ...times, ...overrides });
  await api.detection.restrictions.impose(restriction, aDenialEvent());
  return restriction;
};
const listed = async (query = ''): Promise<{ restrictions: { id: string }[]; next: unknown }> =>
  (await api.ask(`restrictions${query}`, operator)).body as never;
const lift = (id: string, query = '', presented = operator): Promise<AdminAnswer> =>
  api.ask(`restrictions/${id}${query}`, presented, { method: 'DELETE' });
const lifted = () => api.records.journal.of('dev.postern.restriction.lifted.v1');

describe('restrictions of the admin API', () => {
  it('are listed with what they are of, by which detection and until when', async () => {
    const { id } = await imposed({ kind: 'guess_rate', entityId: 'office', limit: 10 });
    expect(await api.ask('restrictions', operator)).toMatchObject({
      status: 200,
      body: {
        next: null,
        restrictions: [
          {
            ...{ id, detection_id: 'det_1', rule: 'D10', kind: 'guess_rate' },
            ...{ target: 'source:office', limit: 10, resources: null, lifted_at: null },
            ...{ imposed_at: TEST_NOW.toISOString() },
            until: secondsAfter(TEST_NOW, 600).toISOString(),
          },
        ],
      },
    });
  });

  it('are not listed when they are over', async () => {
    await imposed();
    api.clock.advance(600);
    const expiresAt = secondsAfter(TEST_NOW, 900);
    const reader = await api.issue({ resource: 'postern', scopes: ['admin.read'], expiresAt });
    expect((await api.ask('restrictions', reader.plaintext)).body).toMatchObject({
      restrictions: [],
    });
  });

  it('come a page at a time', async () => {
    for (let n = 0; n < 3; n += 1) await imposed();
    const first = await listed('?limit=2');
    const second = await listed(`?limit=2&after=${String(first.next)}`);
    const sizes = [first.restrictions.length, second.restrictions.length, second.next];
    expect(sizes).toEqual([2, 1, null]);
  });

  it('are lifted once, and it is told who did it and why', async () => {
    const { id } = await imposed();
    const answer = await lift(id, '?reason=ticket%204711');
    expect(answer).toMatchObject({ status: 200, body: { id, lifted_at: TEST_NOW.toISOString() } });
    api.clock.advance(60);
    expect((await lift(id)).body).toEqual(answer.body);
    expect((await listed()).restrictions).toEqual([]);
    expect(lifted()).toEqual([
      expect.objectContaining({
        ...{ restriction_id: id, detection_id: 'det_1', target: 'subject:sub_contract' },
        ...{ reason: 'ticket 4711', initiator_id: expect.stringMatching(/^hdl_/) as unknown },
      }),
    ]);
  });

  it('need no reason to be lifted', async () => {
    const { id } = await imposed();
    expect((await lift(id)).status).toBe(200);
    expect(lifted()).toMatchObject([{ reason: 'lifted by an operator' }]);
  });

  it.each(['rst_none', '%00', 'hdl_x', encodeURIComponent("'; drop")])(
    'there is none with the id %s',
    async (id) => {
      expect(await lift(id)).toMatchObject({ status: 404, body: { title: 'restriction-unknown' } });
    },
  );

  it.each(['?limit=0', '?limit=501', '?colour=red'])('are not listed by %s', async (query) => {
    expect((await api.ask(`restrictions${query}`, operator)).status).toBe(400);
  });

  it('need the scopes that they say', async () => {
    const { id } = await imposed();
    const [reader, revoker] = await Promise.all([
      api.operator('admin.read'),
      api.operator('admin.revoke'),
    ]);
    expect((await lift(id, '', reader.plaintext)).status).toBe(403);
    expect((await api.ask('restrictions', revoker.plaintext)).status).toBe(403);
    expect((await api.ask('restrictions')).status).toBe(401);
    expect((await listed()).restrictions).toHaveLength(1);
  });
});
