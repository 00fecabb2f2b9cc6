import fc from 'fast-check';
import { codePoint } from '#testing';

/** A request as an attacker writes it. Texts are latin1: one character a byte. */
export interface HostileRequest {
  readonly method: string;
  readonly target: string;
  /** Name and value. */
  readonly override: readonly [string, string];
}

export const OVERRIDES: readonly (readonly [string, string])[] = [
  ['X-HTTP-Method-Override', 'DELETE'],
  ['X_HTTP_Method_Override', 'DELETE'],
  ['X-HTTP-Method', 'DELETE'],
  ['X-Method-Override', 'DELETE'],
  ['X-Original-URL', '/admin'],
  ['X-Rewrite-URL', '/admin'],
  ['X-Original-URI', '/admin'],
  ['X-Original-Method', 'DELETE'],
  ['X-Forwarded-Prefix', '/admin'],
  ['X-Forwarded-Path', '/admin'],
  ['X-Host', 'evil.example'],
  ['X-Forwarded-Host', 'evil.example'],
];

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const METHODS = ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'];
const ODD_METHODS = [
  'TRACE',
  'CONNECT',
  'TRACK',
  'PROPFIND',
  'MOVE',
  'COPY',
  'PURGE',
  'get',
  'PRI',
];

const BASES = [
  '/accounts/42',
  '/accounts/42',
  '/accounts/42/lines',
  '/reports/2026/q1',
  '/entries',
  '/accounts',
  '/admin',
  '/',
  '',
];

const DOTS = [
  ...words(`
  . .. /. /.. /./ /../ /../admin ../ ... /.../
  `),
  ...['. .', '.. '],
];
const ENCODED_DOTS = [
  ...words(`
  %2e %2E %2e%2e %2E%2e/ /.%2e/ /%2e./ /%2e%2E/admin %2e%20
  `),
];
const DOUBLE = [
  ...words(`
  %252e%252e %252f %255c %25%32%65 %2525252e %253b %2500 %25 %25252f
  `),
];
const SEPARATORS = [
  ...words(`
  / // /// %2f %2F %5c %5C /%2f %2f..%2fadmin ..%5cadmin
  `),
  ...['\\'],
];
const OVERLONG = [
  ...words(`
  %c0%ae %c0%af %c1%9c %e0%80%af %e0%80%ae %f0%80%80%af %fc%80%80%80%80%af
  `),
];
const SURROGATES = [
  ...words(`
  %ed%a0%80 %ed%bf%bf %ed%a0%bd%ed%b8%80 %u002e %u2215 %uff0e %f4%90%80%80
  `),
];
const LOOK_ALIKES = [
  ...words(`
  %ef%bc%8f %ef%bc%bc %ef%bc%8e%ef%bc%8e %ef%bc%9b %ef%bc%852f %e2%80%a5 %e2%84%80 %e2%88%95
  %e2%81%84 %ef%b9%92%ef%b9%92 %cd%be %e2%80%a6 %c2%a0 %e3%80%80
  `),
  ...['\xef\xbc\x8f'],
];
const CONTROLS = [
  ...words(`
  %00 %01 %09 %0a %0d %0d%0a %1f %7f %c2%85 %e2%80%a8
  `),
  ...['\t', '\r', '\n'],
];
const RAW = [
  ...words(`
  %20 +
  `),
  ...['\0', '\x0b', '\x7f', '\x80', '\xff', '\r\n', '\r\nX: y\r\n'],
  ...[' HTTP/1.1\r\n\r\nGET /admin', ' '],
];
const PARAMETERS = [
  ...words(`
  ; ;x=1 ..;/ ;/../admin %3b /;/ ;a=b/../
  `),
];
const FORMS = [
  ...words(`
  ? # ?/../admin #/../admin %3f %23 @evil.example :80 * ** {id} & | " < ^
  `),
  ...['`'],
];
const ESCAPES = [
  ...words(`
  % %2 %zz %% %%32%65 %g0 %c3 %c3%a4 %41 %6C %ff %fe%ff
  `),
  ...['%2 e'],
];
const ENDS = [
  ...words(`
  . .. %20 %20%20 %2e / // /. ?x=1 ? ?.. #x ::$DATA ~1 %00.png
  `),
  ...['', '', '', ' '],
];

const tricks = fc.oneof(
  ...[
    DOTS,
    ENCODED_DOTS,
    DOUBLE,
    SEPARATORS,
    OVERLONG,
    SURROGATES,
    LOOK_ALIKES,
    CONTROLS,
    RAW,
    PARAMETERS,
    FORMS,
    ESCAPES,
  ].map((list) => fc.constantFrom(...list)),
  fc.nat(255).map((byte) => `%${byte.toString(16).padStart(2, '0')}`),
  fc.nat(255).map((byte) => String.fromCharCode(byte)),
  fc
    .string({ unit: codePoint, maxLength: 3 })
    .map((text) => encodeURIComponent(Buffer.from(text).toString())),
  fc.stringMatching(/^[a-z0-9._~-]{1,6}$/),
);

const edit = fc.record({
  how: fc.constantFrom('insert', 'segment', 'segment'),
  at: fc.nat(60),
  cut: fc.nat(2),
  text: tricks,
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

/** With the trick somewhere in it, or in the place of a whole segment. */
function edited(text: string, { how, at, cut, text: put }: Edit): string {
  if (how === 'segment') {
    const segments = text.split('/');
    segments[segments.length - 1 - (at % segments.length)] = put;
    return segments.join('/');
  }
  const place = at % (text.length + 1);
  return text.slice(0, place) + put + text.slice(place + cut);
}

/** Every character by its escape, or the digits of an escape in the other case: another spelling of the same path. */
const respelled = (text: string, mask: number): string =>
  text.replace(/[A-Za-z0-9]/g, (character, index: number) =>
    ((mask >> (index % 16)) & 1) === 1 ? `%${character.charCodeAt(0).toString(16)}` : character,
  );

const path = fc
  .record({
    base: fc.constantFrom(...BASES),
    edits: fc.oneof(
      { weight: 3, arbitrary: fc.array(edit, { maxLength: 1 }) },
      { weight: 1, arbitrary: fc.array(edit, { maxLength: 3 }) },
    ),
    mask: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(0xffff)),
    end: fc.oneof(
      { weight: 2, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constantFrom(...ENDS) },
    ),
    long: fc.oneof({ weight: 60, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 12_000 })),
  })
  .map(({ base, edits, mask, end, long }) =>
    edits.reduce(edited, respelled(base, mask) + 'a'.repeat(long)).concat(end),
  );

const PREFIXES = [
  ...words(`
  /proxy/Ledger /proxy//ledger //proxy/ledger /%70roxy/ledger /proxy/ledge%72 /Proxy/ledger
  /proxy/archive/../ledger /proxy/./ledger /proxy/ledger@evil.example /proxy/ledger;x
  /proxy/ledger%2f http://postern/proxy/ledger http://a@postern/proxy/ledger
  HTTPS://x/proxy/ledger ledger.internal:443 /proxy/ledger.. /proxy/. /proxy * ? # /..
  /proxy/nobody
  `),
  ...['/proxy\\ledger', '', '/proxy/ledger\0'],
];
const prefix = fc.oneof(
  { weight: 12, arbitrary: fc.constant('/proxy/ledger') },
  { weight: 1, arbitrary: fc.constantFrom(...PREFIXES) },
);

/** Requests by all the tricks that we know, alone and together; some of them are harmless. */
export const hostileRequest: fc.Arbitrary<HostileRequest> = fc.record({
  method: fc.oneof(
    { weight: 10, arbitrary: fc.constant('GET') },
    { weight: 5, arbitrary: fc.constantFrom(...METHODS) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_METHODS) },
  ),
  target: fc.tuple(prefix, path).map((parts) => parts.join('')),
  override: fc.constantFrom(...OVERRIDES),
});

/** What a segment may be made of where a resource takes escaped slashes and parameters, with what it may not. */
const excepted = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom(...words('%2f %2F 42 a .b %C3%BC ;x=1 ;jsessionid=1.2')),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(...words('.. . %2e%2e ; ;; %3b %5c %252f %00 / //')),
      },
      { weight: 1, arbitrary: tricks },
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.join(''));

/** Hostile requests, half of them with escaped slashes and parameters in the names that a path holds. */
export const hostileWithExceptions: fc.Arbitrary<HostileRequest> = fc.oneof(
  hostileRequest,
  fc.record({
    method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'HEAD', 'POST'),
    target: fc
      .oneof(
        fc.tuple(fc.constant('/proxy/ledger/accounts/'), excepted, fc.constantFrom('', '/lines')),
        fc.tuple(fc.constant('/proxy/ledger/reports/'), excepted, fc.constant('/'), excepted),
        fc.tuple(fc.constant('/proxy/ledger/accounts'), excepted),
      )
      .map((parts) => parts.join('')),
    override: fc.constantFrom(...OVERRIDES),
  }),
);
