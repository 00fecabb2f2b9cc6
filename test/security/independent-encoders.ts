/**
 * How writers of URLs, JSON, XML, HTML, hexadecimal and base64 put a text: written by hand from the RFCs, knowing nothing of
 * what the scrubber searches for.
 */
export interface Encoding {
  readonly name: string;
  readonly encode: (bytes: Buffer) => string;
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** RFC 4648 sections 4 and 5, bit by bit. */
function base64(bytes: Buffer, last: '+/' | '-_', padded: boolean): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,6}/g) ?? [];
  const text = groups.map((group) => (BASE64 + last)[Number.parseInt(group.padEnd(6, '0'), 2)]);
  return text.join('') + (padded ? '='.repeat((4 - (text.length % 4)) % 4) : '');
}

/** The characters of a longer base64 text that these bytes alone decide, when so many bytes stand before them. */
export function base64Core(bytes: Buffer, before: number, last: '+/' | '-_'): string {
  const text = base64(Buffer.concat([Buffer.alloc(before), bytes, Buffer.alloc(3)]), last, false);
  return text.slice(Math.ceil((before * 4) / 3), Math.floor(((before + bytes.length) * 4) / 3));
}

/** Base64 of the bytes between others. */
export const base64Within = (
  [before, bytes, after]: readonly [Buffer, Buffer, Buffer],
  last: '+/' | '-_',
  padded: boolean,
): string => base64(Buffer.concat([before, bytes, after]), last, padded);

const hexByte = (byte: number, upper: boolean): string => {
  const digits = byte.toString(16).padStart(2, '0');
  return upper ? digits.toUpperCase() : digits;
};

/** RFC 3986 section 2.1: all but the characters that stay as they are. */
const percent = (name: string, kept: RegExp, upper: boolean, space = ''): Encoding => ({
  name: `percent-encoded, ${name}, ${upper ? 'upper' : 'lower'} case`,
  encode: (bytes) =>
    [...bytes]
      .map((byte) => {
        const character = String.fromCharCode(byte);
        if (character === ' ' && space !== '') return space;
        return kept.test(character) ? character : `%${hexByte(byte, upper)}`;
      })
      .join(''),
});

/** RFC 8259 section 7. */
const json = (name: string, escaped: RegExp, upper = false): Encoding => ({
  name: `in JSON, ${name}`,
  encode: (bytes) =>
    bytes
      .toString('utf8')
      .replace(/["\\]/g, (character) => `\\${character}`)
      .replace(escaped, (character) => {
        if (character === '/') return '\\/';
        const code = character.charCodeAt(0);
        return `\\u${hexByte(code >> 8, upper)}${hexByte(code & 0xff, upper)}`;
      }),
});

const markup = (name: string, entities: Readonly<Record<string, string>>): Encoding => ({
  name: `in ${name}`,
  encode: (bytes) =>
    bytes.toString('utf8').replace(/[&<>"']/g, (character) => entities[character] ?? character),
});

const XML_TEXT = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

export const ENCODINGS: readonly Encoding[] = [
  { name: 'as it is', encode: (bytes) => bytes.toString('utf8') },
  ...[false, true].flatMap((upper) => [
    {
      name: `in hexadecimal, ${upper ? 'upper' : 'lower'} case`,
      encode: (bytes: Buffer) => [...bytes].map((byte) => hexByte(byte, upper)).join(''),
    },
    percent('all that is not unreserved', /[A-Za-z0-9\-._~]/, upper),
    percent('as encodeURIComponent does', /[A-Za-z0-9\-_.!~*'()]/, upper),
    percent('as a form', /[A-Za-z0-9\-._*]/, upper, '+'),
    percent('every byte', /$^/, upper),
  ]),
  json('as it must be', /$^/),
  json('with escaped slashes', /\//g),
  json('ASCII only', /[^\x20-\x7e]/g),
  json('ASCII only, upper case', /[^\x20-\x7e]/g, true),
  json('ASCII only, with escaped slashes', /\/|[^\x20-\x7e]/g),
  markup('XML', { ...XML_TEXT, '"': '&quot;', "'": '&apos;' }),
  markup('the text of XML', XML_TEXT),
  markup('HTML', { ...XML_TEXT, '"': '&quot;', "'": '&#39;' }),
  markup('HTML, hexadecimal', { ...XML_TEXT, '"': '&quot;', "'": '&#x27;' }),
  markup('HTML, of PHP', { ...XML_TEXT, '"': '&quot;', "'": '&#039;' }),
  markup('an attribute of HTML', { ...XML_TEXT, '"': '&#34;', "'": '&#39;' }),
];
