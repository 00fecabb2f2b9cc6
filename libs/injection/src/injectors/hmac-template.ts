import { createHash } from 'node:crypto';
import { foldedName } from '../header-names.js';
import { type OutgoingDraft } from './injector.js';

/** One call while it is being signed. */
export interface SigningCall {
  /** With all headers that are put on before the signature. */
  readonly draft: OutgoingDraft;
  /** The instant of signing, in the format of the registration. */
  readonly date: string;
  /** The same instant in seconds since 1970-01-01T00:00:00Z. */
  readonly timestamp: string;
  readonly nonce: string;
}

const EMPTY = Buffer.alloc(0);
const bodyOf = ({ draft }: SigningCall): Buffer => draft.body ?? EMPTY;
const bodySha256 = (call: SigningCall): Buffer =>
  createHash('sha256').update(bodyOf(call)).digest();

/** What a template may take of a call, as it is sent. */
const OF_CALL = {
  method: ({ draft }: SigningCall) => draft.method,
  path: ({ draft }: SigningCall) => draft.path,
  query: ({ draft }: SigningCall) => draft.query,
  target: ({ draft: { path, query } }: SigningCall) => (query === '' ? path : `${path}?${query}`),
  host: ({ draft }: SigningCall) => headerText(draft, 'host'),
  date: ({ date }: SigningCall) => date,
  timestamp: ({ timestamp }: SigningCall) => timestamp,
  nonce: ({ nonce }: SigningCall) => nonce,
  body: bodyOf,
  'body-sha256': (call: SigningCall) => bodySha256(call).toString('hex'),
  'body-sha256-base64': (call: SigningCall) => bodySha256(call).toString('base64'),
} as const;
type OfCall = keyof typeof OF_CALL;

/** A piece of a template of an `hmac` injection. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly name: OfCall }
  /** Folded. */
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'signature' };

const PLACEHOLDER = /\{([a-z0-9-]+)(?::([A-Za-z0-9!#$%&'*+\-.^_`|~]{1,64}))?\}/;

/** The template in pieces; undefined when it holds a brace that is of no placeholder, or a placeholder that there is not. */
export function templateParts(template: string): readonly TemplatePart[] | undefined {
  const pieces = template.split(/(\{[^{}]*\})/).filter((piece) => piece !== '');
  const parts = pieces.map(partOf);
  return parts.includes(undefined) ? undefined : parts.filter((part) => part !== undefined);
}

function partOf(piece: string): TemplatePart | undefined {
  if (!/[{}]/.test(piece)) return { kind: 'text', text: piece };
  const [whole, name = '', argument] = PLACEHOLDER.exec(piece) ?? [];
  if (whole !== piece) return undefined;
  if (argument === undefined) {
    if (name === 'signature') return { kind: 'signature' };
    return Object.hasOwn(OF_CALL, name) ? { kind: 'call', name: name as OfCall } : undefined;
  }
  if (name === 'header') return { kind: 'header', name: foldedName(argument) };
  return name === 'field' ? { kind: 'field', name: argument } : undefined;
}

/** Whether the parts take the body of the call, or its digest. */
export const takesBody = (parts: readonly TemplatePart[]): boolean =>
  parts.some((part) => part.kind === 'call' && part.name.startsWith('body'));

/** What a template takes beside the call. */
export interface TemplateValues {
  readonly fields: ReadonlyMap<string, string>;
  /** Absent in the string to sign, which has no placeholder for it. */
  readonly signature?: string;
}

/** The template with every placeholder filled in, as bytes: a body need not be text. */
export const rendered = (
  parts: readonly TemplatePart[],
  call: SigningCall,
  values: TemplateValues,
): Buffer => Buffer.concat(parts.map((part) => Buffer.from(partValue(part, call, values))));

function partValue(
  part: TemplatePart,
  call: SigningCall,
  { fields, signature = '' }: TemplateValues,
): string | Buffer {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'call':
      return OF_CALL[part.name](call);
    case 'header':
      return headerText(call.draft, part.name);
    case 'field':
      return fields.get(part.name) ?? '';
    case 'signature':
      return signature;
  }
}

/** RFC 9110 section 5.3: the values of one name, joined. Empty when there is none. */
function headerText({ headers, body }: OutgoingDraft, folded: string): string {
  if (folded === 'content-length' && body !== undefined) return String(body.length);
  const values = headers.filter(
    (_, index) => index % 2 === 1 && foldedName(headers[index - 1] ?? '') === folded,
  );
  return values.map((value) => value.trim()).join(', ');
}
