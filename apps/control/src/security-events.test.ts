import { subjectIdOf } from '#identity';
import { AdminApi } from '../../../test/support/admin-api.js';

const REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const subject = { issuer: 'https://idp.test', subject: 'workload-7' };
const BODY_BYTES_MAX = 64 * 1024;

let api: AdminApi;
beforeEach(async () => {
  api = new AdminApi();
  await api.start();
});
afterEach(() => api.host.close(0));

const aSet = (claims: object = {}, header: object = {}): Promise<string> =>
  api.transmitter.mint(
    {
      sub: undefined,
      exp: undefined,
      sub_id: { format: 'iss_sub', iss: subject.issuer, sub: subject.subject },
      events: { [REVOKED]: {} },
      ...claims,
    },
    { typ: 'secevent+jwt', ...header },
  );
const pusher = async (): Promise<string> => (await api.operator('events.command')).plaintext;
const aVictim = () => api.issue({ subject: { ...subject, id: subjectIdOf(subject) } });
const statusOf = (id: string) => api.records.handles.get(id)?.status;

describe('POST /events/set', () => {
  it('E-01: answers 202 without a body, and the handles of the subject are dead', async () => {
    const { handle } = await aVictim();
    const answer = await api.push(await pusher(), await aSet());
    expect(answer).toMatchObject({ status: 202, body: undefined });
    expect(statusOf(handle.id)).toBe('revoked');
  });

  it('E-01: tells what is wrong as RFC 8935 has it, and changes nothing', async () => {
    const { handle } = await aVictim();
    const answer = await api.push(await pusher(), await aSet({ aud: 'https://else.test' }));
    expect(answer).toMatchObject({
      status: 400,
      body: {
        err: 'invalid_audience',
        description: 'the security event is not accepted: its aud is not this deployment alone',
      },
    });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(statusOf(handle.id)).toBe('active');
  });

  it.each(['', 'a.b', 'not a token', '{}', 'a'.repeat(60_000)])(
    'E-01: refuses a body that is no security event',
    async (body) => {
      expect(await api.push(await pusher(), body)).toMatchObject({
        status: 400,
        body: { err: 'invalid_request' },
      });
    },
  );

  it('E-02: is for those who may send commands, and leaves no event of others', async () => {
    const { handle } = await aVictim();
    const set = await aSet();
    const { plaintext } = await api.operator('admin.read', 'admin.revoke', 'introspect');
    const [nobody, another] = [await api.push(undefined, set), await api.push(plaintext, set)];
    expect(nobody).toMatchObject({ status: 400, body: { err: 'authentication_failed' } });
    expect(another).toMatchObject({ status: 400, body: { err: 'access_denied' } });
    expect(statusOf(handle.id)).toBe('active');
    expect(api.records.journal.events.filter(({ type }) => type.includes('signal'))).toEqual([]);
  });

  it.each([
    'application/json',
    'application/jwt',
    'text/plain',
    'application/x-www-form-urlencoded',
  ])('E-02: takes no body of type %s', async (type) => {
    const { handle } = await aVictim();
    const body = type === 'application/json' ? JSON.stringify(await aSet()) : await aSet();
    expect((await api.push(await pusher(), body, type)).status).toBe(415);
    expect(statusOf(handle.id)).toBe('active');
  });

  it('E-02: takes the type in any case and with parameters', async () => {
    const type = 'Application/SecEvent+JWT; charset=utf-8';
    expect((await api.push(await pusher(), await aSet(), type)).status).toBe(202);
  });

  it('E-02: takes no body of more than 64 KiB', async () => {
    const body = 'a'.repeat(BODY_BYTES_MAX + 1);
    expect((await api.push(await pusher(), body)).status).toBe(413);
  });

  it('E-07: answers a repeat like the first, and does nothing', async () => {
    const [token, set] = [await pusher(), await aSet({ jti: 'one' })];
    expect((await api.push(token, set)).status).toBe(202);
    const { handle } = await aVictim();
    expect(await api.push(token, set)).toMatchObject({ status: 202, body: undefined });
    expect(statusOf(handle.id)).toBe('active');
  });

  it.each([
    ['JWT', {}],
    ['JWT', { exp: 4_000_000_000, sub: 'workload-7' }],
    ['at+jwt', { exp: 4_000_000_000, sub: 'workload-7' }],
  ])('E-08: refuses a subject token of typ %s, whatever it carries', async (typ, claims) => {
    const { handle } = await aVictim();
    const answer = await api.push(await pusher(), await aSet(claims, { typ }));
    expect(answer).toMatchObject({ status: 400, body: { err: 'invalid_request' } });
    expect(statusOf(handle.id)).toBe('active');
  });

  it('asks to be sent it again while it cannot be written down', async () => {
    const [token, set] = [await pusher(), await aSet()];
    api.records.journal.setReachable(false);
    const answer = await api.push(token, set);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('2');
    api.records.journal.setReachable(true);
    expect((await api.push(token, set)).status).toBe(202);
  });
});
