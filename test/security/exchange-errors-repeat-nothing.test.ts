import { hostname } from 'node:os';
import { formBody, type FormParameters } from '#testing';
import { errorOf, StsEndpoint } from './sts-endpoint.js';

const TOKEN = '/oauth2/token';
/** Of characters that every part of a request may have. */
const CANARY = 'canary5f1c';
const INJECTION = `${CANARY}'; drop table handle; -- <script>alert(1)</script>`;

let endpoint: StsEndpoint;

beforeEach(async () => {
  endpoint = await StsEndpoint.start();
});
afterEach(() => endpoint.close());

/** All that the answer says: its headers and its body, which has the form of an error (RFC 6749 section 5.2). */
async function answerOf(response: Response): Promise<{ error: string; said: string }> {
  const headers = JSON.stringify([...response.headers].filter(([name]) => name !== 'date'));
  const body = await errorOf(response);
  return { error: body.error, said: headers + JSON.stringify(body) };
}

/** An error answer that is told to everybody repeats what nobody may learn from it, or what an attacker chose. */
describe('T-11: an error says nothing of the request and nothing of us', () => {
  const mint = (claims: Readonly<Record<string, unknown>>) => endpoint.sts.mint(claims);

  it.each<[string, string, () => Promise<FormParameters>]>([
    ['a grant type', 'unsupported_grant_type', async () => ({ grant_type: INJECTION })],
    ['a token type', 'invalid_request', async () => ({ subject_token_type: INJECTION })],
    ['a text for a token', 'invalid_request', async () => ({ subject_token: INJECTION })],
    ['a wanted type', 'invalid_request', async () => ({ requested_token_type: INJECTION })],
    ['an audience', 'invalid_target', async () => ({ audience: INJECTION })],
    ['a resource', 'invalid_target', async () => ({ resource: `https://${CANARY}.test/` })],
    ['a scope', 'invalid_scope', async () => ({ scope: `ledger.read ${CANARY}` })],
    ['a malformed scope', 'invalid_scope', async () => ({ scope: INJECTION })],
    [
      'a secret',
      'invalid_client',
      async () => ({ client_id: INJECTION, client_secret: INJECTION }),
    ],
    [
      'an issuer',
      'invalid_request',
      async () => ({ subject_token: await mint({ iss: `https://${CANARY}.test` }) }),
    ],
    [
      'an audience of the token',
      'invalid_request',
      async () => ({ subject_token: await mint({ aud: INJECTION }) }),
    ],
    [
      'a subject that no grant permits',
      'invalid_target',
      async () => ({ subject_token: await mint({ sub: CANARY }) }),
    ],
    [
      'a key id',
      'invalid_request',
      async () => ({ subject_token: await endpoint.sts.issuer.mint({}, { kid: CANARY }) }),
    ],
  ])('that has %s', async (_, code, parameters) => {
    const request = await endpoint.sts.baseline(await parameters());
    const response = await endpoint.post(TOKEN, request);
    const { error, said } = await answerOf(response);
    expect(error).toBe(code);
    expect(said).not.toContain(CANARY);
    expect(said).not.toContain(String(request['subject_token']).slice(-20));
    expect(said).not.toMatch(/\bat .*[.](?:ts|js)|select |insert |idp\.test|node_modules/i);
    expect(said).not.toContain(hostname());
  });

  it.each([
    ['the handle store', () => endpoint.sts.records.setReachable(false)],
    ['the journal', () => endpoint.sts.journal.setReachable(false)],
    ['the keys of the issuer', () => endpoint.sts.keys.setReachable(false)],
  ])('when %s is away', async (_, cut) => {
    cut();
    const { error, said } = await answerOf(
      await endpoint.post(TOKEN, await endpoint.sts.baseline()),
    );
    expect(error).toBe('temporarily_unavailable');
    expect(said).not.toMatch(/handle|journal|database|postgres|keys|issuer|idp\.test/i);
  });
});

it('T-01: a token in the query of a GET is kept in no event and no log', async () => {
  const query = formBody(await endpoint.sts.baseline({ subject_token: CANARY }));
  const response = await endpoint.request(`${TOKEN}?${query}`);
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  const kept = JSON.stringify([
    endpoint.sts.journal.events,
    endpoint.faults,
    await response.text(),
  ]);
  expect(kept).not.toContain(CANARY);
});

describe('T-13: a request that is too large costs no look at its token, good as it is', () => {
  const fillers = (count: number): FormParameters =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`filler${n}`, 'x']));

  it.each<[string, number, (used: FormParameters) => FormParameters]>([
    ['of 64 KiB', 200, (used) => ({ filler: 'x'.repeat(64 * 1024 - sizeOf(used) - 8) })],
    ['of a byte more', 400, (used) => ({ filler: 'x'.repeat(64 * 1024 - sizeOf(used) - 7) })],
    ['of 32 parameters', 200, (used) => fillers(32 - Object.keys(used).length)],
    ['of 33 parameters', 400, (used) => fillers(33 - Object.keys(used).length)],
  ])('one %s gets %i', async (_, status, filler) => {
    const request = await endpoint.sts.baseline();
    const response = await endpoint.post(TOKEN, { ...request, ...filler(request) });
    expect(response.status).toBe(status);
    expect(endpoint.sts.keys.questions).toBe(status === 200 ? 1 : 0);
    // A token that was looked at leaves its digest in the denial.
    const digests = endpoint.sts.denials.map(({ subject_token_fp: digest }) => digest);
    expect(digests).toEqual(status === 200 ? [] : [undefined]);
  });

  const sizeOf = (parameters: FormParameters): number => formBody(parameters).length;
});
