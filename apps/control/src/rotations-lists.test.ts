import { type Handle } from '#handles';
import { secondsAfter } from '#kernel';
import { aRotation, rotationTerms, subjectOf, TEST_NOW, TEST_ROTATED_REF } from '#testing';
import { AdminApi, type AdminAnswer } from '../../../test/support/admin-api.js';

let api: AdminApi;
beforeEach(async () => {
  api = new AdminApi();
  await api.rotation.book.adopt({ ref: TEST_ROTATED_REF, resource: 'ledger', version: 4 }, []);
  await api.start();
});
afterEach(() => api.host.close(0));

/** The handle of an operator of its own. */
const operator = async (name: string, ...scopes: string[]): Promise<string> => {
  const who: Partial<Handle> = { resource: 'postern', scopes, subject: subjectOf(name) };
  return (await api.issue(who)).plaintext;
};
const rotator = (): Promise<string> => operator('rotator', 'admin.rotate', 'admin.read');
const refusal = (status: number, code: string): object => ({ status, body: { title: code } });

describe('listing rotations', () => {
  const ids = ({ body }: AdminAnswer): string[] =>
    (body as { rotations: { id: string }[] }).rotations.map(({ id }) => id);
  beforeEach(() => {
    for (const [n, state] of (['done', 'abandoned', 'done', 'staged'] as const).entries()) {
      const requestedAt = secondsAfter(TEST_NOW, n);
      const rotation = aRotation({ id: `rot_${n}`, state, requestedAt });
      api.world.rotations.set(rotation.id, {
        rotation,
        owner: undefined,
        leaseUntilMs: 0,
        fence: 0,
      });
    }
  });

  it.each([
    ['', ['rot_3', 'rot_2', 'rot_1', 'rot_0']],
    ['?state=done', ['rot_2', 'rot_0']],
    ['?resource=archive', []],
    ['?limit=2', ['rot_3', 'rot_2']],
    ['?limit=2&before=rot_2', ['rot_1', 'rot_0']],
  ])('takes the filter %s, the newest first', async (query, expected) => {
    expect(ids(await api.ask(`rotations${query}`, await rotator()))).toEqual(expected);
  });

  it('names where the next page begins, and null on the last', async () => {
    const plaintext = await rotator();
    expect((await api.ask('rotations?limit=3', plaintext)).body).toMatchObject({ next: 'rot_1' });
    expect((await api.ask('rotations', plaintext)).body).toMatchObject({ next: null });
  });

  it.each(['?state=over', '?colour=red', '?limit=501'])('refuses %s', async (query) => {
    const answer = await api.ask(`rotations${query}`, await rotator());
    expect(answer).toMatchObject(refusal(400, 'bad-request'));
  });
});

describe('listing credentials', () => {
  it('tells how each stands, and those that no rotator has in hand', async () => {
    const ref = { mount: 'secret', path: 'legacy/archive' };
    api.terms.set('archive', rotationTerms({ resource: 'archive', ref, kind: 'external' }));
    const answer = await api.ask('credentials', await rotator());
    expect(answer.body).toMatchObject({
      credentials: [
        { resource: 'archive', ref, kind: 'external', state: 'not_in_hand', current_version: null },
        { resource: 'ledger', state: 'active', gate: 'open', current_version: 4, epoch: 1 },
      ],
    });
  });
});

describe('whoever asks about rotations', () => {
  const asks: [string, string, string][] = [
    ['GET', 'rotations', 'admin.read'],
    ['GET', 'rotations/rot_1', 'admin.read'],
    ['GET', 'rotations/intake-key', 'admin.rotate'],
    ['GET', 'credentials', 'admin.read'],
    ['POST', 'rotations', 'admin.rotate'],
    ['POST', 'rotations/rot_1/approve', 'admin.approve'],
    ['POST', 'rotations/rot_1/abandon', 'admin.rotate'],
    ['POST', 'rotations/rot_1/reconcile', 'admin.rotate'],
  ];
  const all = ['admin.read', 'admin.revoke', 'admin.rotate', 'admin.approve', 'events.command'];

  it.each(asks)('%s %s needs a handle with %s', async (method, path, scope) => {
    expect(await api.ask(path, undefined, { method })).toMatchObject(
      refusal(401, 'invalid_client'),
    );
    const others = await operator('one', ...all.filter((one) => one !== scope));
    expect(await api.ask(path, others, { method })).toMatchObject(
      refusal(403, 'insufficient_scope'),
    );
  });
});
