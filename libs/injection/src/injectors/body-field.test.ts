import fc from 'fast-check';
import { Secret } from '#kernel';
import { injectBodyField } from './body-field.js';

const runs = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 300;
const SECRET = 'the&api"key=1987';
const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

interface Sent {
  readonly format: 'form' | 'json';
  readonly name?: string;
  readonly type?: string;
  readonly headers?: readonly string[];
}

const injectorOf = ({ format, name = 'api_key' }: Sent) =>
  injectBodyField(
    { kind: 'body-field', format, name, value: 'apiKey' },
    new Map([['apiKey', Secret.of(SECRET)]]),
  );

function bodyAfter(body: string | Buffer | undefined, sent: Sent): string {
  const { format, type = format === 'form' ? FORM : JSON_TYPE, headers = [] } = sent;
  const draft = {
    method: 'POST',
    path: '/a',
    query: '',
    headers: ['host', 'ledger.internal', 'content-type', type, ...headers],
    body: body === undefined ? undefined : Buffer.from(body),
  };
  void injectorOf(sent).inject(draft);
  return draft.body!.toString('utf8');
}
const unsuitable = expect.objectContaining({ code: 'unsuitable-request' }) as Error;

describe('injecting a parameter of a form', () => {
  const ours = 'api_key=the%26api%22key%3D1987';

  it.each([
    ['a=1&b=%E4%BD%A0+x', 'a=1&b=%E4%BD%A0+x&'],
    ['api_key=mine&a=1&api_key=too', 'a=1&'],
    ['API_KEY=mine&a=1', 'a=1&'],
    ['api%5Fkey=mine&%61pi_key=too&a=1', 'a=1&'],
    ['api.key=1&api+key=2&api[key=3&api_key[]=4&api_key%5Bx%5D=5&+api_key=6&a=1', 'a=1&'],
    ['api_key&a', 'a&'],
    ['api_key=x;a=1&b=2', 'b=2&'],
    ['xapi_key=1&api_key2=2&v=api_key', 'xapi_key=1&api_key2=2&v=api_key&'],
    ['latin1=%E4', 'latin1=%E4&'],
    ['note=a;b', 'note=a;b&'],
  ])('appends ours, and takes out what may be read under its name: %s', (body, kept) => {
    expect(bodyAfter(body, { format: 'form' })).toBe(`${kept}${ours}`);
  });

  it.each([
    ['a bare percent sign', 'a=%'],
    ['an escape that only IIS knows', '%u0061pi_key=mine'],
    ['a space', 'a=b c'],
    ['a line end', 'a=1\r\n'],
    ['a letter that is not ASCII', 'a=\u00e4'],
    ['a name that is not UTF-8', '%C1%A1pi_key=mine'],
    ['our name behind a semicolon', 'note=a;api_key=mine'],
    ['more than 10000 parameters', '&'.repeat(10_000)],
    ['more than 10000 parts', `a=${';'.repeat(10_000)}`],
  ])('refuses %s', (_, body) => {
    expect(() => bodyAfter(body, { format: 'form' })).toThrow(unsuitable);
  });

  it.each(["'", '+', '%27', '%00', '[', '.'])(
    'takes a name of a million %s in a moment',
    (piece) => {
      const body = `${piece.repeat(Math.floor(1_000_000 / piece.length))}x=1`;
      expect(bodyAfter(body, { format: 'form' })).toBe(`${body}&${ours}`);
    },
  );

  it('leaves every other parameter as it was, for any names and values', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 12 });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name), { maxLength: 8 }), (pairs) => {
        const others = new URLSearchParams(
          pairs.map(([one, text]): [string, string] => [`x${one}`, text]),
        ).toString();
        const mine = new URLSearchParams([['api_key', 'mine']]).toString();
        const joined = [mine, others, mine].filter((one) => one !== '').join('&');
        expect(bodyAfter(joined, { format: 'form' })).toBe(
          [others, ours].filter(Boolean).join('&'),
        );
      }),
      { numRuns: runs },
    );
  });
});

describe('injecting a member of a JSON object', () => {
  const value = JSON.stringify(SECRET);

  it.each([
    ['{}', `{"api_key":${value}}`],
    [' { } ', ` {"api_key":${value} } `],
    ['{"a":1}', `{"a":1,"api_key":${value}}`],
    [
      '{\n  "b": 12345678901234567890.10,\n  "a": 1e400,\n  "a": [ 1 , {"api_key":2} ]\n}\n',
      `{\n  "b": 12345678901234567890.10,\n  "a": 1e400,\n  "a": [ 1 , {"api_key":2} ],"api_key":${value}\n}\n`,
    ],
    ['{"api_key" : "mine" , "z":"\\ud83d\\"}]"}', `{"api_key" : ${value} , "z":"\\ud83d\\"}]"}`],
    ['{"a":"\\\\","api_key":{"x":["}"]},"b":true}', `{"a":"\\\\","api_key":${value},"b":true}`],
    ['{"api\\u005fkey":null}', `{"api\\u005fkey":${value}}`],
    ['{"api_key":-1.5e3}', `{"api_key":${value}}`],
  ])('replaces or adds it and leaves every other byte: %s', (body, after) => {
    expect(bodyAfter(body, { format: 'json' })).toBe(after);
    expect(JSON.parse(after)).toHaveProperty('api_key', SECRET);
  });

  it.each([
    [
      '{"auth":{"user":"u","apiKey":"mine"},"x":1}',
      `{"auth":{"user":"u","apiKey":${value}},"x":1}`,
    ],
    ['{"x":1,"auth":{}}', `{"x":1,"auth":{"apiKey":${value}}}`],
    ['{"x":1}', `{"x":1,"auth":{"apiKey":${value}}}`],
    ['{"apiKey":1,"o":{"auth":{}}}', `{"apiKey":1,"o":{"auth":{}},"auth":{"apiKey":${value}}}`],
  ])('follows a JSON pointer, and makes the objects on its way: %s', (body, after) => {
    expect(bodyAfter(body, { format: 'json', name: '/auth/apiKey' })).toBe(after);
  });

  it('reads the escapes of a JSON pointer', () => {
    expect(bodyAfter('{}', { format: 'json', name: '/a~1b~0c' })).toBe(`{"a/b~c":${value}}`);
  });

  it.each([
    ['twice', '{"api_key":1,"api_key":2}'],
    ['twice, once escaped', '{"api_key":1,"api_\\u006bey":2}'],
    ['in another case', '{"API_KEY":1}'],
    ['in another case besides', '{"api_key":1,"Api_Key":2}'],
    ['with a Kelvin sign', '{"api_\u212aey":1}'],
  ])('refuses a body that has the member %s', (_, body) => {
    expect(() => bodyAfter(body, { format: 'json' })).toThrow(unsuitable);
  });

  it.each([
    ['an array', '[{}]'],
    ['a string', '"{}"'],
    ['two values', '{}{}'],
    ['a trailing comma', '{"a":1,}'],
    ['a comment', '{/**/}'],
    ['single quotes', "{'a':1}"],
    ['a byte order mark', '\ufeff{}'],
    ['bytes that are not UTF-8', Buffer.from('{"a":"\xe4"}', 'latin1')],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
    ['an open object', '{"a":1'],
    ['nothing', ' '],
  ])('refuses %s, and does not repeat it', (_, body) => {
    expect(() => bodyAfter(body, { format: 'json' })).toThrow(unsuitable);
  });

  it.each(['{"auth":null}', '{"auth":[]}', '{"auth":"x"}', '{"auth":{},"auth":{}}', '{"Auth":{}}'])(
    'refuses a way that leads through no single object: %s',
    (body) => {
      expect(() => bodyAfter(body, { format: 'json', name: '/auth/apiKey' })).toThrow(unsuitable);
    },
  );

  it('takes the deepest body that fits into memory', () => {
    const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(bodyAfter(deep, { format: 'json' })).toBe(`${deep.slice(0, -1)},"api_key":${value}}`);
  });

  it('sets the member, and cutting it out gives the body of the caller, for any object', () => {
    const object = fc.dictionary(
      fc.string({ maxLength: 8 }).map((name) => `x${name}`),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(object, fc.constantFrom(0, 1, '\t'), fc.boolean(), (others, indent, has) => {
        const mine = has ? { ...others, api_key: 'mine' } : others;
        const body = JSON.stringify(mine, null, indent);
        const after = bodyAfter(body, { format: 'json' });
        expect(JSON.parse(after)).toEqual({ ...(JSON.parse(body) as object), api_key: SECRET });
        const member = `"api_key":${value}`;
        const cut = has
          ? after.replace(value, '"mine"')
          : after.replace(`,${member}`, '').replace(member, '');
        expect(cut).toBe(body);
      }),
      { numRuns: runs },
    );
  });
});

describe('a body that takes a field', () => {
  it.each([
    ['application/json; charset=utf-8', 'json'],
    ['Application/JSON;charset="UTF-8"', 'json'],
    ['application/vnd.ledger+json; profile="x"', 'json'],
    ['application/x-www-form-urlencoded;charset=us-ascii', 'form'],
  ] as const)('is of the type %s', (type, format) => {
    const body = format === 'json' ? '{}' : 'a=1';
    expect(bodyAfter(body, { format, type })).toContain('api_key');
  });

  it.each([
    ['text/plain', 'json'],
    ['application/jsonp', 'json'],
    ['application/json, text/plain', 'json'],
    ['application/json; charset=utf-7', 'json'],
    ['application/json; charset=utf-8; charset=utf-16', 'json'],
    ['application/json; x="; charset=utf-7"', 'json'],
    ['application/x-www-form-urlencoded; charset=ibm037', 'form'],
    ['multipart/form-data; boundary=x', 'form'],
    ['', 'form'],
  ] as const)('is not of the type %s', (type, format) => {
    const body = format === 'json' ? '{}' : 'a=1';
    expect(() => bodyAfter(body, { format, type })).toThrow(unsuitable);
  });

  it.each([
    ['a second type', ['Content-Type', FORM]],
    ['a second type, as CGI reads it', ['Content_Type', 'text/plain']],
    ['a compression', ['Content-Encoding', 'gzip']],
  ])('has not %s', (_, headers) => {
    expect(() => bodyAfter('a=1', { format: 'form', headers })).toThrow(unsuitable);
  });

  it('is there', () => {
    expect(() => bodyAfter(undefined, { format: 'form' })).toThrow(unsuitable);
    expect(injectorOf({ format: 'json' }).holdsBody).toBe(true);
  });

  it('is sent without digests of what it was', () => {
    const injector = injectorOf({ format: 'json' });
    const names = ['content-md5', 'digest', 'content-digest', 'repr-digest', 'content-type'];
    expect(names.filter((name) => injector.replaces(name))).toEqual(names.slice(0, 4));
  });
});
