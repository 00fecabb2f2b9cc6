import { foldedName, isReservedForFraming } from './header-names.js';
import { type HmacInjection } from './hmac-injection.js';
import { namesOf } from './injectors/hmac.js';
import { type TemplatePart, templateParts } from './injectors/hmac-template.js';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;
const TEMPLATE_CHARACTERS_MAX = 2048;

type Report = (path: string, what: string) => void;

/** A template where it stands in the registration. */
interface Placed {
  readonly path: string;
  readonly parts: readonly TemplatePart[];
}

/** What of a signature could never be verified, or would break the framing of a request or give the key away. */
export function checkHmac(injection: HmacInjection, report: Report): void {
  checkNames(injection, report);
  const signed = placed('inject.stringToSign', injection.stringToSign, report);
  const headers = [
    placed('inject.header.template', injection.header.template, report),
    ...(injection.headers ?? []).map(({ template }, index) =>
      placed(`inject.headers[${index}].template`, template, report),
    ),
  ];
  for (const template of [signed, ...headers]) checkKeyUnused(template, injection, report);
  for (const header of headers) checkHeaderTemplate(header, report);
  if (!/[^\s]/.test(injection.stringToSign) || signed.parts.every(({ kind }) => kind === 'text')) {
    report(
      signed.path,
      'expected at least one placeholder: the same signature would fit every call',
    );
  }
  if (holds(signed, 'signature')) report(signed.path, 'cannot hold {signature}');
  if (headers[0] !== undefined && !holds(headers[0], 'signature')) {
    report(headers[0].path, 'expected {signature}');
  }
  checkSignedHeaders(signed, injection, report);
  checkSent({ signed, headers, injection }, report);
}

function checkNames(injection: HmacInjection, report: Report): void {
  const folded = namesOf(injection).map(foldedName);
  for (const name of namesOf(injection)) {
    if (!TOKEN.test(name) || isReservedForFraming(foldedName(name))) {
      report('inject', `"${name}" is no name of a header that can be injected`);
    }
  }
  if (new Set(folded).size < folded.length) report('inject', 'puts on one header twice');
}

function placed(path: string, template: string, report: Report): Placed {
  const parts = template.length > TEMPLATE_CHARACTERS_MAX ? undefined : templateParts(template);
  if (parts === undefined) {
    report(
      path,
      `expected at most ${TEMPLATE_CHARACTERS_MAX} characters with placeholders such as {method}, {path}, {query}, {host}, {date}, {timestamp}, {nonce}, {body-sha256} and {header:<name>}, and no other braces`,
    );
  }
  return { path, parts: parts ?? [] };
}

const holds = ({ parts }: Placed, kind: TemplatePart['kind']): boolean =>
  parts.some((part) => part.kind === kind);

const takes = ({ parts }: Placed, ...names: readonly string[]): boolean =>
  parts.some((part) => part.kind === 'call' && names.includes(part.name));

function checkKeyUnused({ path, parts }: Placed, { key }: HmacInjection, report: Report): void {
  if (parts.some((part) => part.kind === 'field' && part.name === key)) {
    report(path, `holds the key itself, {field:${key}}: only what is not secret may be sent`);
  }
}

/** What the caller writes, or what is not text, is no part of a header that we write. */
function checkHeaderTemplate(header: Placed, report: Report): void {
  const texts = header.parts.map((part) => (part.kind === 'text' ? part.text : ''));
  if (texts.some((text) => /[^\x20-\x7e]/.test(text))) {
    report(header.path, 'expected printable ASCII');
  }
  if (takes(header, 'path', 'query', 'target', 'body') || holds(header, 'header')) {
    report(
      header.path,
      'cannot hold what the caller writes: {path}, {query}, {target}, {body}, {header:...}',
    );
  }
}

/** A header that holds the signature is not there yet when the string is made. */
function checkSignedHeaders(signed: Placed, injection: HmacInjection, report: Report): void {
  const late = [injection.header, ...(injection.headers ?? [])]
    .filter(({ template }) => template.includes('{signature}'))
    .map(({ name }) => foldedName(name));
  for (const part of signed.parts) {
    if (part.kind === 'header' && late.includes(part.name)) {
      report(signed.path, `signs the header "${part.name}", which holds the signature`);
    }
  }
}

function checkSent(
  {
    signed,
    headers,
    injection,
  }: {
    readonly signed: Placed;
    readonly headers: readonly Placed[];
    readonly injection: HmacInjection;
  },
  report: Report,
): void {
  const sends = (...names: readonly string[]): boolean =>
    headers.some((header) => takes(header, ...names));
  if (takes(signed, 'nonce') && injection.nonceHeader === undefined && !sends('nonce')) {
    report(signed.path, 'signs {nonce}, which no header sends');
  }
  const isDated = injection.dateHeader !== undefined || sends('date', 'timestamp');
  if (takes(signed, 'date', 'timestamp') && !isDated) {
    report(signed.path, 'signs the time, which no header sends');
  }
}
