import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Injection } from '#injection';
import { CallPath } from './call-path.js';

const SECRET = `the "key"/of*the~ledger=\\1987`;
const POST = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } };

/**
 * A destination shows what it was sent in another text: the target of the call as the return address of a login page, the
 * body in a string of JSON, a form as browsers write it. The secret in it was encoded when it was sent, or stands in a form
 * that RFC 3986 does not ask for.
 */
describe('a secret that comes back encoded once more', () => {
  let path: CallPath;

  const start = async (
    inject: Injection,
    respond: (request: IncomingMessage, body: string, response: ServerResponse) => void,
  ): Promise<void> => {
    path = await CallPath.start({
      registration: { inject },
      secret: { value: SECRET, username: 'ledger-svc', password: SECRET },
      policy: { scopes: { 'ledger.read': ['GET /**', 'POST /**'] } },
      respond: (request, response) => {
        void path.backend.seen.at(-1)?.body.then((body) => {
          respond(request, body, response);
        });
      },
    });
  };
  afterEach(() => path.stop());

  const isShown = (text: string): boolean => /ledger=|ledger%|1987/.test(text);

  it('of a query, as the return address of a redirect', async () => {
    await start({ kind: 'query', name: 'key', value: 'value' }, ({ url = '' }, _, response) => {
      const location = `/login?return_to=${encodeURIComponent(url)}`;
      response.writeHead(302, { location }).end();
    });
    const { headers } = await path.call('/proxy/ledger/accounts/42');
    expect(headers.location).toMatch(/return_to=.*\*{8}/);
    expect(isShown(headers.location ?? '')).toBe(false);
  });

  it.each(['form', 'json'] as const)('of a body (%s), in a string of JSON', async (format) => {
    await start({ kind: 'body-field', format, name: 'key', value: 'value' }, (_, body, response) =>
      response.end(JSON.stringify({ body, url: encodeURIComponent(body) })),
    );
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const call = format === 'json' ? POST : { ...POST, body: 'a=1', headers: form };
    const answer = await path.call('/proxy/ledger/entries', call);
    expect([answer.status, answer.body]).toEqual([200, expect.stringMatching(/\*{8}.*\*{8}/)]);
    expect(isShown(answer.body)).toBe(false);
  });

  it('in a form as browsers, Java and PHP write it', async () => {
    const inject = { kind: 'basic', username: 'username', password: 'password' } as const;
    const form = new URLSearchParams({ password: SECRET }).toString();
    await start(inject, (_request, _body, response) =>
      response.end(`${form}&${form.replaceAll('*', '%2A')}`),
    );
    const { body } = await path.call('/proxy/ledger/accounts/42');
    expect(body).toMatch(/^password=\*+&password=\*+$/);
  });
});
