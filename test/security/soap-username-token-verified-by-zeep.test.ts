import { type Injection } from '#injection';
import { describeWithServer } from '../support/describe-with-server.js';
import { verifyWithZeep } from '../support/python-verifiers.js';
import { CallPath, type CallPathOptions } from './call-path.js';

type SoapInjection = Extract<Injection, { kind: 'soap-username-token' }>;

const SECRET = { username: 'ledger-svc & söhne', password: 'Gr8/ledger+pass"word&<1987> ü' };
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const NAMESPACES = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
} as const;
const BODY = '<s:Body><b:get xmlns:b="urn:ledger">42 ä&#10;</b:get></s:Body>';
const HEADERS = [
  '',
  '<s:Header/>',
  '<s:Header>\r\n  <a:To xmlns:a="urn:a">x</a:To></s:Header>',
  `<s:Header><o:Security xmlns:o="${WSSE}"><o:BinarySecurityToken/></o:Security></s:Header>`,
  `<s:Header><wsse:Security xmlns:wsse="${WSSE}"/></s:Header>`,
];

const envelope = (version: '1.1' | '1.2', inside: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="${NAMESPACES[version]}">${inside}</s:Envelope>`;
const types = { '1.1': 'text/xml; charset=utf-8', '1.2': 'application/soap+xml; charset=utf-8' };

const open: CallPath[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((path) => path.stop()));
});

const start = async (
  overrides: Partial<SoapInjection> = {},
  options: CallPathOptions = {},
): Promise<CallPath> => {
  const path = await CallPath.start({
    registration: {
      inject: {
        ...{ kind: 'soap-username-token', username: 'username', password: 'password' },
        ...{ type: 'digest', mustUnderstand: false, soap: 'auto' },
        ...overrides,
      },
    },
    policy: { scopes: { 'ledger.read': ['GET /**', 'POST /**'] } },
    secret: SECRET,
    ...options,
  });
  open.push(path);
  return path;
};

const post = (path: CallPath, body: string, type: string = types['1.1']) =>
  path.call('/proxy/ledger/ws', {
    method: 'POST',
    headers: { 'content-type': type, soapaction: '"get"' },
    body,
  });

const arrivals = async ({ backend }: CallPath): Promise<readonly string[]> =>
  Promise.all(backend.seen.map(async ({ body }) => Buffer.from(await body).toString('base64')));

/** As serializers of XML write text. */
const asText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const shown = (path: CallPath): string =>
  JSON.stringify([path.parts.journal, path.parts.ledger, path.problems]);

describeWithServer('a UsernameToken, judged by zeep', 'zeep', () => {
  it.each([
    ['text', false],
    ['digest', false],
    ['text', true],
    ['digest', true],
  ] as const)('is right: %s, mustUnderstand %s', async (type, mustUnderstand) => {
    const path = await start({ type, mustUnderstand });
    // A Security header of the caller's keeps its attributes.
    const headers = mustUnderstand ? HEADERS.slice(0, 3) : HEADERS;
    for (const version of ['1.1', '1.2'] as const) {
      for (const header of headers) {
        const answer = await post(path, envelope(version, header + BODY), types[version]);
        expect(answer.status).toBe(200);
      }
    }
    const arrived = await arrivals(path);
    expect(arrived).toHaveLength(headers.length * 2);
    const problems = await verifyWithZeep({ ...SECRET, type, mustUnderstand, arrived });
    expect(problems).toEqual(arrived.map(() => null));
    const other = { ...SECRET, password: 'another', type, mustUnderstand, arrived };
    expect((await verifyWithZeep(other)).every((problem) => problem !== null)).toBe(true);
  });
});

describe('a call with a UsernameToken', () => {
  it('gives the password to nobody but the destination: it does not come back, in any spelling of XML', async () => {
    const path: CallPath = await start(
      { type: 'text' },
      {
        respond: (_, response) => {
          void path.backend.seen.at(-1)?.body.then((body) => {
            response.setHeader('x-echo', encodeURIComponent(SECRET.password));
            response.end(`${body} ${SECRET.password} ${asText(SECRET.password)}`);
          });
        },
      },
    );
    const answer = await post(path, envelope('1.1', BODY));
    expect(answer.status).toBe(200);
    expect(await path.backend.seen[0]?.body).toContain('Gr8/ledger');
    expect(JSON.stringify(answer) + shown(path)).not.toMatch(/Gr8|ledger\+pass|word&/);
  });

  it.each([
    ['JSON', '{"a":1}', 'application/json'],
    [
      'a token of its own',
      envelope('1.1', `<s:Header><UsernameToken/></s:Header>${BODY}`),
      types['1.1'],
    ],
    [
      'a document type',
      `<!DOCTYPE s [<!ENTITY a "b">]>${envelope('1.1', BODY).slice(39)}`,
      types['1.1'],
    ],
    ['no XML', 'a=1', types['1.1']],
  ])('is refused with %s, and nothing is sent', async (_, body, type) => {
    const path = await start();
    const answer = await post(path, body, type);
    expect([answer.status, answer.headers['postern-error']]).toEqual([400, 'unsuitable-request']);
    expect(path.backend.seen).toEqual([]);
    expect(JSON.stringify(answer) + shown(path)).not.toContain('Gr8');
  });

  it('is refused without a body: there is nothing to put the token in', async () => {
    const path = await start();
    expect((await path.call('/proxy/ledger/ws?wsdl')).status).toBe(400);
    expect(path.backend.seen).toEqual([]);
  });
});
