import { Apache } from '../support/apache.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { until } from '../support/until.js';
import { CallPath } from '../security/call-path.js';

const PASSWORD = 'the-ledger-password-1987';
const WHOLE = '0123456789'.repeat(10);
const TARGET = '/proxy/ledger/accounts/42';

/** RFC 9110 section 14, with a backend of others that knows ranges: the caller sees the same with and without scrubbing. */
describeWithServer('ranges', 'apache', () => {
  let apache: Apache;
  beforeAll(async () => {
    const files = { 'api/accounts/42': WHOLE, 'api/accounts/43': `${WHOLE}${PASSWORD}${WHOLE}` };
    apache = await Apache.start({ username: 'ledger-svc', password: PASSWORD, files });
  });
  afterAll(() => apache.stop());

  describe.each(['stream', 'off'] as const)('scrub: %s', (scrub) => {
    let path: CallPath;
    beforeAll(async () => {
      path = await CallPath.start({
        secret: { username: 'ledger-svc', password: PASSWORD },
        registration: { destination: `${apache.origin}/api`, response: { scrub } },
      });
    });
    afterAll(() => path.stop());

    it.each([
      ['bytes=0-9', '0123456789', 'bytes 0-9/100'],
      ['bytes=95-', '56789', 'bytes 95-99/100'],
      ['bytes=-5', '56789', 'bytes 95-99/100'],
      ['bytes=0-0', '0', 'bytes 0-0/100'],
      ['bytes=90-1000', '0123456789', 'bytes 90-99/100'],
    ])('%s is answered 206 with that part', async (range, body, contentRange) => {
      const answer = await path.call(TARGET, { headers: { range } });
      expect([answer.status, answer.body]).toEqual([206, body]);
      expect(answer.headers['content-range']).toBe(contentRange);
      expect(answer.headers['content-length']).toBe(String(body.length));
    });

    it('is answered 416 beyond the end', async () => {
      const answer = await path.call(TARGET, { headers: { range: 'bytes=100-' } });
      expect([answer.status, answer.body.includes('0123')]).toEqual([416, false]);
    });

    it.each(['bytes=9-0', 'lines=0-1', 'bytes=x'])('ignores %s: the whole', async (range) => {
      const answer = await path.call(TARGET, { headers: { range } });
      expect([answer.status, answer.body]).toEqual([200, WHOLE]);
    });

    it('honours If-Range: the part for the same entity, the whole for another', async () => {
      let etag = '';
      // Apache's validator is a weak one while the file is younger than a second (RFC 9110 section 8.8.1).
      await until('the validator is a strong one', async () => {
        ({ etag = '' } = (await path.call(TARGET)).headers);
        return etag.startsWith('"');
      });
      const ask = (validator: string): ReturnType<CallPath['call']> =>
        path.call(TARGET, { headers: { range: 'bytes=0-4', 'if-range': validator } });
      const same = await ask(etag);
      expect([same.status, same.body]).toEqual([206, '01234']);
      const other = await ask('"another"');
      expect([other.status, other.body]).toEqual([200, WHOLE]);
    });

    it('honours If-None-Match: 304 without a body', async () => {
      const { headers } = await path.call(TARGET);
      const answer = await path.call(TARGET, { headers: { 'if-none-match': headers.etag ?? '' } });
      expect([answer.status, answer.body]).toEqual([304, '']);
    });
  });

  it('tell the length with 416, and leave HEAD alone, where they are cut here', async () => {
    const path = await CallPath.start({
      secret: { username: 'ledger-svc', password: PASSWORD },
      registration: { destination: `${apache.origin}/api` },
    });
    const beyond = await path.call(TARGET, { headers: { range: 'bytes=100-' } });
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, 'bytes */100']);
    const head = await path.call(TARGET, { method: 'HEAD', headers: { range: 'bytes=0-4' } });
    expect([head.status, head.headers['content-length']]).toEqual([200, '100']);
    await path.stop();
  });

  it('never give halves of the secret that nobody recognises', async () => {
    const path = await CallPath.start({
      secret: { username: 'ledger-svc', password: PASSWORD },
      registration: { destination: `${apache.origin}/api` },
    });
    const middle = WHOLE.length + PASSWORD.length / 2;
    const part = async (range: string): Promise<string> =>
      (await path.call('/proxy/ledger/accounts/43', { headers: { range } })).body;
    const halves = [await part(`bytes=0-${middle - 1}`), await part(`bytes=${middle}-`)];
    expect(halves.join('')).toBe(`${WHOLE}${'*'.repeat(PASSWORD.length)}${WHOLE}`);
    await path.stop();
  });
});
