import {
  PostgresCredentialBook,
  PostgresIntakeKeys,
  PostgresRotationStore,
} from '#adapters/postgres';
import { rotationTerms, subjectOf, TEST_ROTATED_REF } from '#testing';
import { describeWithServer } from '#test-support';
import { AdminApi, type AdminAnswer } from '../support/admin-api.js';
import { anIntakeKey } from '../support/intake-key.js';
import { RotationFixture } from './rotation-fixture.js';

const TOKEN = `hvs.${'A'.repeat(24)}`;
const wrapped = {
  creationPath: 'secret/data/intake/ledger',
  ttlSecondsMax: 900,
  ageSecondsMax: 900,
};

describeWithServer('the admin API over PostgreSQL', 'postgres-18', () => {
  let fixture: RotationFixture;
  let api: AdminApi;

  beforeAll(async () => {
    fixture = await RotationFixture.open(18);
    const database = await fixture.as('postern_control');
    api = new AdminApi({
      rotation: {
        store: new PostgresRotationStore(database),
        book: new PostgresCredentialBook(database),
        intakeKeys: new PostgresIntakeKeys(database),
        terms: new Map([['ledger', rotationTerms({ wrapped })]]),
      },
    });
    await api.start();
  });
  beforeEach(async () => {
    await fixture.reset();
    const { book } = await fixture.stores();
    await book.adopt({ ref: TEST_ROTATED_REF, resource: 'ledger', version: 4 }, []);
  });
  afterAll(async () => {
    await api.host.close(0);
    await fixture.close();
  });

  const operator = async (name: string): Promise<string> => {
    const scopes = ['admin.rotate', 'admin.read', 'admin.approve'];
    const who = { resource: 'postern', scopes, subject: subjectOf(name) };
    return (await api.issue(who)).plaintext;
  };
  const post = (presented: string, path: string, body: object): Promise<AdminAnswer> =>
    api.ask(path, presented, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const idOf = ({ body }: AdminAnswer): string => (body as { id: string }).id;
  const anOrder = { resource: 'ledger', reason: 'a test' };

  it('has the rights to ask for, list, show, approve and abandon, and no more are needed', async () => {
    const [one, other] = [await operator('one'), await operator('other')];
    const asked = await post(one, 'rotations', { ...anOrder, trigger: 'compromise' });
    expect(asked).toMatchObject({ status: 202, body: { from_version: 4, approvals_needed: 1 } });
    const id = idOf(asked);
    expect(await post(one, 'rotations', anOrder)).toMatchObject({ status: 409 });
    expect(await api.ask(`rotations/${id}`, one)).toMatchObject({ status: 200, body: { id } });
    expect(await api.ask('rotations/rot_none', one)).toMatchObject({ status: 404 });
    expect((await api.ask('rotations?state=requested', one)).body).toMatchObject({
      rotations: [{ id }],
    });
    expect(await post(one, `rotations/${id}/approve`, {})).toMatchObject({ status: 403 });
    expect(await post(other, `rotations/${id}/approve`, {})).toMatchObject({
      status: 200,
      body: { approved_by: [subjectOf('other').id] },
    });
    expect(await post(one, `rotations/${id}/abandon`, { reason: 'enough' })).toMatchObject({
      status: 200,
      body: { state: 'abandoned', error_class: 'abandoned-by-operator' },
    });
    expect((await api.ask('credentials', one)).body).toMatchObject({
      credentials: [{ resource: 'ledger', state: 'active', current_version: 4 }],
    });
  });

  it.each(['%00', 'rot_%00', 'rot_%F0%9F%94%91', '..%2Fcredentials', `rot_${'x'.repeat(65)}`])(
    'knows no rotation of an id that is none, %s',
    async (id) => {
      const one = await operator('one');
      expect(await api.ask(`rotations/${id}`, one)).toMatchObject({ status: 404 });
      expect(await post(one, `rotations/${id}/approve`, {})).toMatchObject({ status: 404 });
      expect(await post(one, `rotations/${id}/abandon`, { reason: 'x' })).toMatchObject({
        status: 404,
      });
    },
  );

  it('keeps a wrapping token encrypted alone', async () => {
    const { intakeKey, open } = await anIntakeKey();
    await new PostgresIntakeKeys(await fixture.as('postern_rotator')).publish(intakeKey);
    const plaintext = await operator('one');
    expect((await api.ask('rotations/intake-key', plaintext)).body).toEqual(intakeKey);
    const asked = await post(plaintext, 'rotations', { ...anOrder, wrapping_token: TOKEN });
    expect(asked.status).toBe(202);
    const { store } = await fixture.stores();
    const [rotation] = await store.list({ id: idOf(asked), limit: 1 });
    expect(await open(rotation!.wrap!.sealedToken!)).toBe(TOKEN);
    expect(JSON.stringify(rotation)).not.toContain(TOKEN);
  });
});
