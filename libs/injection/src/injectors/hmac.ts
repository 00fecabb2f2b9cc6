import { isUtf8 } from 'node:buffer';
import { createHmac, randomBytes } from 'node:crypto';
import { type Clock, epochSeconds } from '#kernel';
import { foldedName } from '../header-names.js';
import { type HmacInjection } from '../hmac-injection.js';
import { CredentialUnusable } from './credential-unusable.js';
import {
  rendered,
  type SigningCall,
  takesBody,
  type TemplatePart,
  templateParts,
} from './hmac-template.js';
import { type Injector, type OutgoingDraft } from './injector.js';
import { asHeaderValue, secretField, type SecretFields } from './secret-field.js';

/** 128 bits: no two calls of a key share one. */
const NONCE_BYTES = 16;

interface SignedHeader {
  readonly name: string;
  readonly parts: readonly TemplatePart[];
}

/** All that is made once a version: the key never leaves it. */
interface Signer {
  readonly injection: HmacInjection;
  readonly key: Buffer;
  readonly fields: ReadonlyMap<string, string>;
  readonly stringToSign: readonly TemplatePart[];
  readonly headers: readonly SignedHeader[];
  readonly clock: Clock;
}

/** A signature over a declared string (HMAC: RFC 2104), in a declared header. */
export function injectHmac(
  injection: HmacInjection,
  fields: SecretFields,
  { clock }: { readonly clock: Clock },
): Injector {
  const keyText = secretField(fields, injection.key);
  const key = keyBytes(keyText, injection);
  const headers = [...(injection.headers ?? []), injection.header].map(({ name, template }) => ({
    name,
    parts: partsOf(template),
  }));
  const stringToSign = partsOf(injection.stringToSign);
  const taken = fieldValues([stringToSign, ...headers.map(({ parts }) => parts)], fields);
  const signer = { injection, key, fields: taken, stringToSign, headers, clock };
  const ownNames = new Set(namesOf(injection).map(foldedName));
  return {
    confidential: [...new Set([keyText, ...decodedForms(key, injection)])],
    holdsBody: signsBody(injection),
    replaces: (folded) => ownNames.has(folded),
    inject: (draft) => {
      sign(draft, signer);
    },
  };
}

/** Whether anything that is put on is made of the body. */
export const signsBody = ({ stringToSign, headers = [], header }: HmacInjection): boolean =>
  [stringToSign, header.template, ...headers.map(({ template }) => template)].some((template) =>
    takesBody(partsOf(template)),
  );

/** The names of all headers that are put on. */
export const namesOf = ({
  header,
  headers = [],
  dateHeader,
  nonceHeader,
}: HmacInjection): readonly string[] => [
  header.name,
  ...headers.map(({ name }) => name),
  ...(dateHeader === undefined ? [] : [dateHeader.name]),
  ...(nonceHeader === undefined ? [] : [nonceHeader]),
];

/** What is put on before the string to sign is made can be a part of it. */
function sign(draft: OutgoingDraft, signer: Signer): void {
  const { injection, key, fields, stringToSign, headers, clock } = signer;
  const now = clock.now();
  const date = dateText(now, injection.dateHeader?.format ?? 'rfc1123');
  const nonce = randomBytes(NONCE_BYTES).toString('hex');
  const call: SigningCall = { draft, date, timestamp: String(epochSeconds(now)), nonce };
  const put = ({ name, parts }: SignedHeader, signature?: string): void => {
    const values = signature === undefined ? { fields } : { fields, signature };
    const value = rendered(parts, call, values).toString('utf8');
    draft.headers.push(name, asHeaderValue(value, name));
  };
  if (injection.dateHeader !== undefined) draft.headers.push(injection.dateHeader.name, date);
  if (injection.nonceHeader !== undefined) draft.headers.push(injection.nonceHeader, nonce);
  for (const header of headers) if (!isSigned(header)) put(header);
  const mac = createHmac(injection.algorithm, key).update(rendered(stringToSign, call, { fields }));
  const signature = mac.digest(injection.signatureEncoding);
  for (const header of headers) if (isSigned(header)) put(header, signature);
}

const isSigned = ({ parts }: SignedHeader): boolean =>
  parts.some(({ kind }) => kind === 'signature');

function dateText(instant: Date, format: 'rfc1123' | 'iso' | 'epoch'): string {
  switch (format) {
    case 'rfc1123': // RFC 9110 section 5.6.7: IMF-fixdate.
      return instant.toUTCString();
    case 'iso':
      return instant.toISOString().replace(/\.\d{3}Z$/, 'Z');
    case 'epoch':
      return String(epochSeconds(instant));
  }
}

/** Node skips what is no base64 or hexadecimal: the key would be another than was meant. @throws CredentialUnusable */
function keyBytes(text: string, { key: field, keyEncoding }: HmacInjection): Buffer {
  const key = Buffer.from(text, keyEncoding);
  const written = key.toString(keyEncoding);
  if (written === (keyEncoding === 'hex' ? text.toLowerCase() : text)) return key;
  throw new CredentialUnusable(
    `field ${JSON.stringify(field)} of the secret is not in ${keyEncoding}`,
  );
}

/** A key that is written in an encoding can come back in another, and decoded where it is text. */
function decodedForms(key: Buffer, { keyEncoding }: HmacInjection): readonly string[] {
  if (keyEncoding === 'utf8') return [];
  const forms = [key.toString('base64'), key.toString('hex')];
  return isUtf8(key) ? [...forms, key.toString('utf8')] : forms;
}

/** Registrations are checked when they are read: a template that is none never gets here. */
function partsOf(template: string): readonly TemplatePart[] {
  const parts = templateParts(template);
  if (parts === undefined) throw new CredentialUnusable('a template holds an unknown placeholder');
  return parts;
}

function fieldValues(
  templates: readonly (readonly TemplatePart[])[],
  fields: SecretFields,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const part of templates.flat()) {
    if (part.kind === 'field') values.set(part.name, secretField(fields, part.name));
  }
  return values;
}
