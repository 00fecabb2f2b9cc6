import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { formBody } from '#testing';
import { CallPath } from './call-path.js';
import { StsEndpoint } from './sts-endpoint.js';

const FORM = 'application/x-www-form-urlencoded';

/** Writes the bytes, and resolves to the status of the answer. */
async function statusOf(port: number, request: string): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.write(Buffer.from(request, 'latin1'));
  const answer = await text(socket);
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
}

/** What is no `Bearer SP token` (RFC 6750 section 2.1, RFC 9110 section 11.4). */
const OTHER_FORMS: [string, (handle: string) => string][] = [
  ['a tab for the space', (handle) => `Bearer\t${handle}`],
  ['a tab before the space', (handle) => `Bearer\t ${handle}`],
  ['a tab behind the space', (handle) => `Bearer \t${handle}`],
  ['a space of another kind', (handle) => `Bearer\xa0${handle}`],
  ['no space', (handle) => `Bearer${handle}`],
  ['an equals sign', (handle) => `Bearer=${handle}`],
  ['a colon', (handle) => `Bearer: ${handle}`],
  ['a comma', (handle) => `Bearer,${handle}`],
  ['quotation marks', (handle) => `Bearer "${handle}"`],
  ['single quotation marks', (handle) => `Bearer '${handle}'`],
  ['a name', (handle) => `Bearer token=${handle}`],
  ['a name in quotation marks', (handle) => `Bearer token="${handle}"`],
  ['the scheme twice', (handle) => `Bearer Bearer ${handle}`],
  ['no scheme', (handle) => handle],
  ['more behind a space', (handle) => `Bearer ${handle} x`],
  ['more behind a tab', (handle) => `Bearer ${handle}\tx`],
  ['more behind a comma', (handle) => `Bearer ${handle},x`],
  ['more behind a semicolon', (handle) => `Bearer ${handle};x`],
  ['a parameter', (handle) => `Bearer ${handle}, realm="x"`],
  ['the handle twice', (handle) => `Bearer ${handle} ${handle}`],
  ['another credential behind it', (handle) => `Bearer ${handle}, Basic eDp5`],
  ['another credential before it', (handle) => `Basic eDp5, Bearer ${handle}`],
  ['padding', (handle) => `Bearer ${handle}=`],
  ['a scheme of another name', (handle) => `Bearers ${handle}`],
  ['a scheme cut short', (handle) => `Bear ${handle}`],
  ['the scheme Token', (handle) => `Token ${handle}`],
  ['the scheme Basic', (handle) => `Basic ${handle}`],
  ['the scheme DPoP behind a tab', (handle) => `DPoP\t${handle}`],
  ['percent-encoding', (handle) => `Bearer ${handle.replace('_', '%5F')}`],
];

/** What the HTTP parser itself must not pass on. */
const NO_FIELD: [string, (handle: string) => string][] = [
  ['a field that goes on in the next line', (handle) => `Bearer\r\n ${handle}`],
  ['a line feed in it', (handle) => `Bearer \n${handle}`],
  ['a carriage return in it', (handle) => `Bearer \r${handle}`],
  ['a NUL in it', (handle) => `Bearer ${handle}\0`],
];

const SCHEMES = ['Bearer', 'bearer', 'BEARER', 'bEaReR'];

/**
 * Keycloak GHSA-gv94-wp4h-vv8p: a lenient reader of the Authorization header took tabs for spaces and more. Whoever
 * filters in front reads such a header otherwise than whoever decides behind. Here both endpoints take one form.
 */
describe('the Authorization header of a call', () => {
  let path: CallPath;
  let plaintext: string;
  beforeAll(async () => {
    path = await CallPath.start();
    ({ plaintext } = await path.parts.issue());
  });
  afterAll(() => path.stop());

  const status = (authorization: string): Promise<number> =>
    statusOf(
      path.port,
      `GET /proxy/ledger/accounts/42 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n` +
        `Authorization: ${authorization}\r\n\r\n`,
    );

  it.each(OTHER_FORMS)('D-13: is refused with %s', async (_, form) => {
    const before = path.backend.seen.length;
    expect(await status(form(plaintext))).toBe(401);
    expect(path.backend.seen).toHaveLength(before);
  });

  it.each(NO_FIELD)('D-13: is refused with %s', async (_, form) => {
    const before = path.backend.seen.length;
    expect([400, 401]).toContain(await status(form(plaintext)));
    expect(path.backend.seen).toHaveLength(before);
  });

  it.each(SCHEMES)('D-13: is taken with the scheme %s', async (scheme) => {
    expect(await status(`${scheme} ${plaintext}`)).toBe(200);
  });
});

describe('the Authorization header of whoever introspects', () => {
  let endpoint: StsEndpoint;
  let plaintext: string;
  beforeAll(async () => {
    endpoint = await StsEndpoint.start();
    ({ plaintext } = await endpoint.sts.operatorHandle());
  });
  afterAll(() => endpoint.close());

  const status = (authorization: string): Promise<number> => {
    const body = formBody({ token: 'x' });
    return statusOf(
      endpoint.port,
      `POST /oauth2/introspect HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${FORM}\r\n` +
        `Content-Length: ${body.length}\r\nAuthorization: ${authorization}\r\n\r\n${body}`,
    );
  };

  it.each(OTHER_FORMS)('D-13: is refused with %s', async (_, form) => {
    expect(await status(form(plaintext))).toBe(401);
  });

  it('D-13: is refused with two spaces', async () => {
    expect(await status(`Bearer  ${plaintext}`)).toBe(401);
  });

  it.each(NO_FIELD)('D-13: is refused with %s', async (_, form) => {
    expect([400, 401]).toContain(await status(form(plaintext)));
  });

  it.each(SCHEMES)('D-13: is taken with the scheme %s', async (scheme) => {
    expect(await status(`${scheme} ${plaintext}`)).toBe(200);
  });
});
