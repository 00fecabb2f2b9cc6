import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mintCanary, mintHandle } from '#handles';
import { DependencyUnavailable } from '#kernel';
import { type LeakReporter, LeakReportKeys } from '#oauth';
import { aCanary, aDenialEvent, TEST_ENVIRONMENT, TEST_NOW } from '#testing';
import { AdminApi } from '../support/admin-api.js';

const REPORTED = 'dev.postern.leak.reported.v1';
const REJECTED = 'dev.postern.leak.rejected.v1';
const REVOKED = 'dev.postern.handle.revoked.v1';
const PLACE = 'https://github.test/octocat/hello/blob/1/.env';

class Keys extends LeakReportKeys {
  isAway = false;

  constructor(private readonly keys: ReadonlyMap<string, KeyObject>) {
    super();
  }

  override async find(identifier: string): Promise<KeyObject | undefined> {
    if (this.isAway) throw new DependencyUnavailable('leak report keys', 'it is told to be away');
    return this.keys.get(identifier);
  }
}

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { publicKey, privateKey } = pair();
const later = new Date(TEST_NOW.getTime() + 86_400_000);

let keys: Keys;
let api: AdminApi;
const open = async (reporter: Partial<LeakReporter> = {}): Promise<void> => {
  api = new AdminApi({ leakReporters: [{ id: 'github', keys, reviewBy: later, ...reporter }] });
  await api.start();
};
beforeEach(async () => {
  keys = new Keys(new Map([['key-1', publicKey]]));
  await open();
});
afterEach(() => api.host.close(0));

interface Sent {
  readonly identifier?: string | undefined;
  readonly signature?: string | undefined;
  readonly key?: KeyObject;
}
const signed = (body: string, key = privateKey): string =>
  sign('sha256', Buffer.from(body), { key, dsaEncoding: 'der' }).toString('base64');

async function report(body: string, sent: Sent = {}): Promise<{ status: number; body: unknown }> {
  const { identifier = 'key-1', signature = signed(body, sent.key) } = sent;
  const headers = new Headers({ 'content-type': 'application/json' });
  if (!('identifier' in sent) || sent.identifier !== undefined) {
    headers.set('github-public-key-identifier', identifier);
  }
  if (!('signature' in sent) || sent.signature !== undefined) {
    headers.set('github-public-key-signature', signature);
  }
  const url = `http://127.0.0.1:${api.host.address.port}/events/leaks`;
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, body: await response.json() };
}

const listing = (...found: readonly string[]): string =>
  JSON.stringify(
    found.map((token) => ({ token, type: 'postern_handle', url: PLACE, source: 'content' })),
  );
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const feedback = (found: string, label: string): unknown => ({
  token_hash: sha256(found),
  token_type: 'postern_handle',
  label,
});
const stored = () => [...api.records.journal.events, ...api.journal.events];
const of = (type: string) => stored().filter((event) => event.type === type);
const statusOf = async (id: string): Promise<string | undefined> =>
  (await api.handles.findById(id))?.status;

describe('a report that a handle lies in public', () => {
  it('D24: revokes a live handle before it is answered, and tells of it', async () => {
    const { plaintext, handle } = await api.issue();
    const answer = await report(listing(plaintext));
    expect(answer).toEqual({ status: 200, body: [feedback(plaintext, 'true_positive')] });
    expect(await statusOf(handle.id)).toBe('revoked');
    expect(of(REVOKED)).toMatchObject([
      { data: { reason: 'leaked', initiator: 'system', initiator_id: 'leak/github' } },
    ]);
    expect(of(REPORTED)).toMatchObject([
      {
        severitytext: 'FATAL',
        data: {
          provider: 'github',
          handle_id: handle.id,
          handle_fp: sha256(plaintext).slice(0, 32),
          live: true,
          url_hash: sha256(PLACE),
        },
      },
    ]);
  });

  it('has the same answer when it comes again, and no second event', async () => {
    const { plaintext } = await api.issue();
    const body = listing(plaintext, plaintext);
    const sent = { signature: signed(body) };
    const first = await report(body, sent);
    const events = stored().length;
    expect(await report(body, sent)).toEqual(first);
    expect([of(REPORTED).length, of(REVOKED).length, stored().length]).toEqual([1, 1, events]);
  });

  it.each<[string, () => string]>([
    ['a handle that there is not', () => mintHandle(TEST_ENVIRONMENT).plaintext],
    ['a handle of another deployment', () => mintHandle('elsewhere').plaintext],
    ['a handle with one character more', () => `${mintHandle(TEST_ENVIRONMENT).plaintext}x`],
    ['any text', () => 'AKIAEXAMPLE'],
  ])('tells that it is none of ours: %s', async (_, made) => {
    const { handle } = await api.issue();
    const found = made();
    const answer = await report(listing(found));
    expect(answer.body).toEqual([feedback(found, 'false_positive')]);
    expect(of(REPORTED)).toMatchObject([{ severitytext: 'WARN', data: { live: false } }]);
    expect([of(REVOKED), await statusOf(handle.id)]).toEqual([[], 'active']);
  });

  it('of a handle that has ended already is true, and no alarm', async () => {
    const { plaintext } = await api.issue({ status: 'revoked' });
    const answer = await report(listing(plaintext));
    expect(answer.body).toEqual([feedback(plaintext, 'true_positive')]);
    expect(of(REPORTED)).toMatchObject([{ data: { live: false } }]);
    expect(of(REVOKED)).toEqual([]);
  });

  it('D09: of a canary tells which one', async () => {
    const { plaintext, ...minted } = mintCanary('credential', TEST_ENVIRONMENT);
    await api.canaries.plant(aCanary({ ...minted, kind: 'credential' }), aDenialEvent());
    expect((await report(listing(plaintext))).body).toEqual([feedback(plaintext, 'true_positive')]);
    expect(of(REPORTED)).toMatchObject([
      { severitytext: 'FATAL', data: { canary_id: minted.id, live: true } },
    ]);
  });

  it('leaves what was found, and where, in no event, log or answer', async () => {
    const { plaintext } = await api.issue();
    const others = [mintHandle('elsewhere').plaintext, 'hunter2-in-the-clear'];
    const answers = [await report(listing(plaintext, ...others)), await report('x', {})];
    const left = JSON.stringify([answers, stored(), api.lines]);
    for (const text of [plaintext, ...others, PLACE]) expect(left).not.toContain(text);
  });
});

describe('a report that is not what it says changes nothing, and leaves an event', () => {
  const body = (): Promise<string> => api.issue().then(({ plaintext }) => listing(plaintext));

  it.each<[string, string, (text: string) => Sent]>([
    ['without a signature', 'unsigned', () => ({ signature: undefined })],
    ['without a key', 'unsigned', () => ({ identifier: undefined })],
    ['of a key that is not known', 'unknown_key', () => ({ identifier: 'key-2' })],
    ['of an endless key', 'unknown_key', () => ({ identifier: 'k'.repeat(257) })],
    ['signed with another key', 'wrong_signature', () => ({ key: pair().privateKey })],
    ['signed for another body', 'wrong_signature', (text) => ({ signature: signed(`${text} `) })],
    ['whose signature is no base64', 'wrong_signature', () => ({ signature: 'MEUC*' })],
    ['whose signature is no DER', 'wrong_signature', () => ({ signature: 'AAAA' })],
    [
      'signed in another encoding',
      'wrong_signature',
      (text) => ({
        signature: sign('sha256', Buffer.from(text), {
          ...{ key: privateKey, dsaEncoding: 'ieee-p1363' },
        }).toString('base64'),
      }),
    ],
  ])('%s', async (_, rejection, sent) => {
    const text = await body();
    expect((await report(text, sent(text))).status).toBe(401);
    expect(of(REJECTED)).toMatchObject([{ data: { rejection, client: { ip: '127.0.0.1' } } }]);
    expect([of(REPORTED), of(REVOKED)]).toEqual([[], []]);
  });

  it('after the review of its reporter is due', async () => {
    await api.host.close(0);
    await open({ reviewBy: TEST_NOW });
    const text = await body();
    expect((await report(text)).status).toBe(401);
    expect([of(REPORTED), of(REVOKED)]).toEqual([[], []]);
  });

  it.each([
    ['no JSON', 'handles=1'],
    ['no array', '{"token":"x","type":"y"}'],
    ['nothing in it', '[]'],
    ['a token that is no text', '[{"token":1,"type":"y"}]'],
    ['a token that is too long', listing('x'.repeat(4097))],
    ['more than 500 of them', listing(...Array.from({ length: 501 }, (_, nth) => `t${nth}`))],
  ])('signed, and with %s', async (_, text) => {
    expect((await report(text)).status).toBe(400);
    expect(of(REJECTED)).toMatchObject([{ data: { rejection: 'malformed' } }]);
    expect(of(REPORTED)).toEqual([]);
  });

  it('of more than a megabyte is not read', async () => {
    const { status } = await report(`[${' '.repeat(1024 * 1024)}]`);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(of(REPORTED)).toEqual([]);
  });

  it('while the keys cannot be known: it may come again', async () => {
    keys.isAway = true;
    const text = await body();
    expect((await report(text)).status).toBe(503);
    keys.isAway = false;
    expect((await report(text)).status).toBe(200);
  });

  it('in a flood is summed up', async () => {
    const text = await body();
    for (let sent = 0; sent < 5; sent += 1) await report(text, { signature: 'AAAA' });
    expect(of(REJECTED)).toHaveLength(1);
  });
});
