import { createHash } from 'node:crypto';
import { Secret } from '#kernel';
import { codePoint, FixedClock } from '#testing';
import * as fc from 'fast-check';
import { type SoapUsernameToken } from '../injection.js';
import { type OutgoingDraft } from './injector.js';
import { injectSoapUsernameToken } from './soap-username-token.js';

const PASSWORD = 'Gr8/ledger+pass"word&<1987>';
const SOAP11 = 'http://schemas.xmlsoap.org/soap/envelope/';
const SOAP12 = 'http://www.w3.org/2003/05/soap-envelope';
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const BODY =
  '<s:Body><b:get xmlns:b="urn:ledger"><id>42 &amp; &#10;caf\u00e9</id></b:get></s:Body>';
const envelope = (inside: string, namespace = SOAP11): string =>
  `<s:Envelope xmlns:s="${namespace}">${inside}</s:Envelope>`;

const draftOf = (body: string | Buffer, headers: string[]): OutgoingDraft => ({
  ...{ method: 'POST', path: '/ws', query: '' },
  ...{ headers, body: Buffer.from(body) },
});

function inject(
  body: string | Buffer,
  injection: Partial<SoapUsernameToken> = {},
  headers = ['Content-Type', 'text/xml; charset=utf-8'],
): string {
  const draft = draftOf(body, headers);
  void injectorOf(injection).inject(draft);
  return draft.body?.toString('utf8') ?? '';
}

const injectorOf = (injection: Partial<SoapUsernameToken> = {}, password = PASSWORD) =>
  injectSoapUsernameToken(
    {
      kind: 'soap-username-token',
      username: 'user',
      password: 'pass',
      type: 'text',
      mustUnderstand: false,
      soap: 'auto',
      ...injection,
    },
    new Map([
      ['user', Secret.of('ledger-svc')],
      ['pass', Secret.of(password)],
    ]),
    { clock: new FixedClock(new Date('2026-11-20T12:00:00.789Z')) },
  );

/** What was put in, which is whole elements, when all the rest is as it was. */
function added(sent: string, original: string): string {
  const length = sent.length - original.length;
  for (let offset = 0; offset <= original.length; offset += 1) {
    const xml = sent.slice(offset, offset + length);
    const isSplice = sent.slice(0, offset) + sent.slice(offset + length) === original;
    if (isSplice && xml.startsWith('<') && xml.endsWith('>')) return xml;
  }
  throw new Error('the rest is not what it was');
}

const refusal = expect.objectContaining({ code: 'unsuitable-request' }) as Error;

describe('a UsernameToken in a SOAP message', () => {
  it('comes in a Header of its own when there is none, in the envelope namespace and its prefix', () => {
    for (const namespace of [SOAP11, SOAP12]) {
      const sent = added(inject(envelope(BODY, namespace)), envelope(BODY, namespace));
      expect(sent).toMatch(
        /^<s:Header><wsse:Security .*<wsse:UsernameToken .*<\/wsse:Security><\/s:Header>$/,
      );
    }
    const plain = `<Envelope xmlns="${SOAP11}"><Body/></Envelope>`;
    expect(added(inject(plain), plain)).toMatch(/^<Header><wsse:Security .*<\/Header>$/);
  });

  it('is the first block of a Header that is there, before what the caller has in it', () => {
    const original = envelope(`<s:Header >\r\n <a:To xmlns:a="urn:a">x</a:To></s:Header>${BODY}`);
    expect(added(inject(original), original)).toMatch(/^<wsse:Security .*<\/wsse:Security>$/);
    expect(inject(original)).toContain('<s:Header ><wsse:Security ');
  });

  it('opens a Header that is written as one tag', () => {
    const sent = inject(envelope(`<s:Header id="1"/>${BODY}`));
    expect(sent).toContain('<s:Header id="1"><wsse:Security ');
    expect(sent).toContain(`</wsse:Security></s:Header>${BODY}`);
  });

  it('joins a Security header that has none, whatever its prefix, and leaves one for another node alone', () => {
    const mine = envelope(
      `<s:Header><o:Security xmlns:o="${WSSE}"><o:Ts/></o:Security></s:Header>${BODY}`,
    );
    expect(added(inject(mine), mine)).toMatch(/^<wsse:UsernameToken .*<\/wsse:UsernameToken>$/);
    expect(inject(mine)).toContain(`<o:Security xmlns:o="${WSSE}"><wsse:UsernameToken `);
    const others = envelope(
      `<s:Header><o:Security xmlns:o="${WSSE}" s:actor="urn:gateway"/></s:Header>${BODY}`,
    );
    expect(added(inject(others), others)).toMatch(/^<wsse:Security .*<\/wsse:Security>$/);
  });

  it('says mustUnderstand where the registration does, in the namespace of the envelope', () => {
    expect(inject(envelope(BODY))).not.toContain('mustUnderstand');
    expect(inject(envelope(BODY, SOAP12), { mustUnderstand: true })).toContain(
      `xmlns:env="${SOAP12}" env:mustUnderstand="1">`,
    );
  });

  it('holds the password as text, escaped and in ASCII', () => {
    expect(inject(envelope(BODY))).toContain(
      '#PasswordText">Gr8/ledger+pass&#34;word&#38;&#60;1987&#62;</wsse:Password>',
    );
    const draft = draftOf(envelope(BODY), ['Content-Type', 'text/xml']);
    void injectorOf({}, 'Passwort-\u00fc\u{1f511}').inject(draft);
    expect(draft.body?.toString()).toContain('>Passwort-&#252;&#128273;</wsse:Password>');
  });

  it('holds a digest with a fresh nonce and the time, and never the password', () => {
    const parts = (xml: string): readonly string[] =>
      ['Password', 'Nonce', 'Created'].map(
        (name) => new RegExp(`:${name}[^>]*>([^<]*)<`).exec(xml)?.[1] ?? '',
      );
    const sent = [1, 2].map(() => inject(envelope(BODY), { type: 'digest' }));
    const [first, second] = sent.map(parts);
    expect(first?.[1]).not.toBe(second?.[1]);
    for (const [digest, nonce = '', created] of [first!, second!]) {
      expect(created).toBe('2026-11-20T12:00:00Z');
      expect(Buffer.from(nonce, 'base64')).toHaveLength(16);
      const hashed = createHash('sha1').update(nonce, 'base64').update(`${created}${PASSWORD}`);
      expect(digest).toBe(hashed.digest('base64'));
    }
    expect(sent.join('')).not.toContain('Gr8');
  });

  it('leaves every other byte of a message as it was', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: codePoint, maxLength: 40 }).map(xmlText),
        fc.constantFrom('', '\ufeff', '<?xml version="1.0" encoding="UTF-8"?>\r\n', '<!-- a -->'),
        fc.constantFrom('', '<s:Header></s:Header>', '<s:Header>\n<x/></s:Header>'),
        (text, prolog, header) => {
          const original = `${prolog}${envelope(`${header}<s:Body a="${text}">${text}</s:Body>`)}\n`;
          expect(added(inject(original), original)).toContain('<wsse:UsernameToken ');
        },
      ),
      { numRuns: process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 200 },
    ));

  it('takes away what a caller says of the bytes that it changes', () => {
    const injector = injectorOf();
    const replaces = (name: string): boolean => injector.replaces(name);
    const { confidential, holdsBody } = injector;
    expect(['content-md5', 'digest', 'content-digest'].map(replaces)).toEqual([true, true, true]);
    expect(['soapaction', 'content-type'].map(replaces)).toEqual([false, false]);
    expect(holdsBody).toBe(true);
    expect(confidential).toEqual([PASSWORD, 'Gr8/ledger+pass&#34;word&#38;&#60;1987&#62;']);
  });
});

describe('a message that cannot take a UsernameToken', () => {
  const token = `<o:UsernameToken xmlns:o="${WSSE}"/>`;
  const header = (inside: string): string => envelope(`<s:Header>${inside}</s:Header>${BODY}`);
  it.each([
    ['has one of its own', header(`<o:Security xmlns:o="${WSSE}">${token}</o:Security>`)],
    [
      'has one of its own for another node',
      header(`<o:Security xmlns:o="${WSSE}" s:actor="urn:a">${token}</o:Security>`),
    ],
    [
      'has one of another namespace',
      header('<Security xmlns="urn:old"><UsernameToken/></Security>'),
    ],
    ['has two Security headers', header(`<o:Security xmlns:o="${WSSE}"/>`.repeat(2))],
    ['has a document type', `<!DOCTYPE a [<!ENTITY e "x">]>${envelope(BODY)}`],
    ['uses an entity that is not declared', envelope('<s:Body>&e;</s:Body>')],
    ['has a processing instruction', `<?xml-stylesheet href="a"?>${envelope(BODY)}`],
    ['has two Headers', envelope(`<s:Header/><s:Header/>${BODY}`)],
    ['has its Header behind the Body', envelope(`${BODY}<s:Header/>`)],
    ['has two Bodies', envelope(`${BODY}${BODY}`)],
    ['has no Body', envelope('<s:Header/>')],
    ['has a Header of another namespace', envelope(`<s:Header xmlns:s="urn:a"/>${BODY}`)],
    ['is an empty envelope', `<s:Envelope xmlns:s="${SOAP11}"/>`],
    ['is no envelope', '<Envelope><Body/></Envelope>'],
    ['has an envelope of another namespace', envelope(BODY, 'urn:a')],
    ['uses a prefix that is not declared', envelope('<s:Body><x:a/></s:Body>')],
    ['is cut', envelope(BODY).slice(0, -4)],
    ['is empty', ''],
    ['says another encoding', `<?xml version="1.0" encoding="ISO-8859-1"?>${envelope(BODY)}`],
    ['is XML 1.1', `<?xml version="1.1"?>${envelope(BODY)}`],
    ['is UTF-16', Buffer.from(envelope(BODY), 'utf16le')],
    ['is not UTF-8', Buffer.from(envelope('<s:Body>caf\u00e9</s:Body>'), 'latin1')],
    ['is nested too deep', envelope(`<s:Body>${'<a>'.repeat(63)}${'</a>'.repeat(63)}</s:Body>`)],
  ])('%s', (_, body) => {
    expect(() => inject(body)).toThrow(refusal);
  });

  it.each([
    ['without a content type', []],
    ['of another content type', ['Content-Type', 'application/json']],
    ['with attachments', ['Content-Type', 'multipart/related; type="text/xml"; boundary=a']],
    ['of two content types', ['Content-Type', 'text/xml', 'Content-Type', 'text/plain']],
    ['in another charset', ['Content-Type', 'text/xml; charset=iso-8859-1']],
    ['that is compressed', ['Content-Type', 'text/xml', 'Content-Encoding', 'gzip']],
  ])('%s', (_, headers) => {
    expect(() => inject(envelope(BODY), {}, headers)).toThrow(refusal);
  });

  it('is of the other version than the one that is registered, or has no body', () => {
    expect(() => inject(envelope(BODY, SOAP12), { soap: '1.1' })).toThrow(refusal);
    expect(inject(envelope(BODY, SOAP12), { soap: '1.2' })).toContain('UsernameToken');
    const draft = { ...draftOf('', ['Content-Type', 'text/xml']), body: undefined };
    expect(() => injectorOf().inject(draft)).toThrow(refusal);
  });

  it('is not told of in the refusal', () => {
    expect(() => inject(envelope('<s:Body>&hidden;</s:Body>'))).not.toThrow(/hidden/);
  });

  it('is judged in a time that the depth of what it holds does not multiply', () => {
    const deep = `${'<a>'.repeat(60)}${'<s:b/>'.repeat(170_000)}${'</a>'.repeat(60)}`;
    const started = performance.now();
    inject(envelope(`<s:Body>${deep}</s:Body>`));
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('a password that XML has no place for is refused', () => {
    expect(() => injectorOf({}, 'never\ufffe-in-xml')).toThrow(/field "pass"/);
  });
});

/** Characters that XML permits, without those that mean something. */
const xmlText = (text: string): string =>
  text.replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]|[<&"\]>]/gu, '.');
