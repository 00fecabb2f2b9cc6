/**
 * Base64 and base64url of the bytes wherever they stand in a longer encoded text. At each of the three alignments the
 * characters that the neighbours share in are left out; the padded form stands for the bytes on their own (RFC 4648).
 */
export function base64Forms(bytes: Buffer): readonly string[] {
  const inner = [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64url');
    const firstOwn = Math.ceil((before * 8) / 6);
    const whole = Math.floor(((before + bytes.length) * 8) / 6);
    return encoded.slice(firstOwn, whole);
  });
  const own = [bytes.toString('base64'), bytes.toString('base64url')];
  return [...own, ...inner, ...inner.map(asBase64)];
}

const asBase64 = (text: string): string => text.replaceAll('-', '+').replaceAll('_', '/');

export function hexForms(bytes: Buffer): readonly string[] {
  const hex = bytes.toString('hex');
  return [hex, hex.toUpperCase()];
}

/** A text as it is, and as URLs, forms, JSON, XML and HTML write it. */
export const textForms = (text: string): readonly string[] => [
  text,
  ...percentForms(text),
  ...jsonForms(text),
  ...markupForms(text),
];

/**
 * RFC 3986 section 2.1, with hexadecimal digits in both cases, from "as little as needed" to "every byte". Writers of forms
 * (application/x-www-form-urlencoded) escape more than RFC 3986 asks for, and not all the same.
 */
function percentForms(text: string): readonly string[] {
  const little = encodeURI(text);
  const usual = encodeURIComponent(text);
  const strict = usual.replace(/[!'()*]/g, (character) => percent(character));
  const form = strict.replaceAll('%20', '+');
  const path = strict.replaceAll('%2F', '/'); // Python's quote
  const tildeToo = form.replaceAll('~', '%7E'); // PHP's urlencode
  const urlStandard = tildeToo.replaceAll('%2A', '*'); // URLSearchParams, browsers, Java's URLEncoder
  const unreservedToo = strict.replace(/[-._~]/g, (character) => percent(character));
  const everything = [...Buffer.from(text, 'utf8')]
    .map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`)
    .join('');
  const forms = [little, usual, strict, path, form, tildeToo, urlStandard];
  return [...forms, unreservedToo, everything].flatMap((encoded) => [
    encoded,
    encoded.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
  ]);
}

const percent = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;

/** RFC 8259 section 7, with what common writers escape beyond it. */
function jsonForms(text: string): readonly string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const bases = [plain, plain.replaceAll('/', '\\/')];
  const unicode = (base: string, wanted: RegExp, upper: boolean): string =>
    base.replace(wanted, (character) => {
      const code = character.charCodeAt(0).toString(16).padStart(4, '0');
      return `\\u${upper ? code.toUpperCase() : code}`;
    });
  return [false, true].flatMap((upper) =>
    bases.flatMap((base) => [
      base,
      unicode(base, /[^\x20-\x7e]/g, upper), // ensure_ascii
      unicode(base, /[<>&]|[^\x20-\x7e]/g, upper), // Go, and JSON inside of HTML
      unicode(base, /[<>&'+`]|[^\x20-\x7e]/g, upper), // .NET
      unicode(text, /["\\<>&'+`]|[^\x20-\x7e]/g, upper),
    ]),
  );
}

/** How writers of XML and HTML put quotes; `&`, `<` and `>` have one form each. */
const QUOTES = [
  ['"', "'"],
  ['&quot;', "'"],
  ['&quot;', '&apos;'],
  ['&quot;', '&#39;'],
  ['&quot;', '&#039;'],
  ['&quot;', '&#x27;'],
  ['&#34;', '&#39;'],
  ['&#x22;', '&#x27;'],
] as const;

function markupForms(text: string): readonly string[] {
  const base = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const onlyAngleAndAmpersand = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return [base, onlyAngleAndAmpersand].flatMap((escaped) =>
    QUOTES.map(([double, single]) =>
      escaped.replaceAll('"', double).replaceAll("'", single),
    ).flatMap((form) => [form, form.replaceAll('/', '&#x2F;')]),
  );
}
