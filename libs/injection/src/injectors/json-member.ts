import { caseless } from './look-alike.js';
import { unsuitableRequest } from './unsuitable-request.js';

/** Where a value stands in a text, end exclusive. */
interface Span {
  readonly start: number;
  readonly end: number;
}

interface Member extends Span {
  readonly name: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The names from the outermost object to the member: of a JSON pointer (RFC 6901), or the one name itself. */
export const memberPath = (name: string): readonly string[] =>
  name.startsWith('/')
    ? name
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : [name];

/**
 * The JSON text (RFC 8259) with the string as the value of one member, put there or in place of what the caller had; objects
 * on the way to it are made. The text is spliced: every other byte stays, so that big numbers, the order of names and their
 * doubles mean what they meant.
 * @throws CallDenied when the body is no JSON object, or the member may be there under more than one name
 */
export function withJsonMember(body: Buffer, path: readonly string[], value: string): Buffer {
  const text = jsonText(body);
  return Buffer.from(spliced({ text, open: afterSpace(text, 0) }, path, JSON.stringify(value)));
}

function jsonText(body: Buffer): string {
  try {
    const text = utf8.decode(body);
    JSON.parse(text);
    return text;
  } catch {
    // The message of a SyntaxError quotes the body.
    throw unsuitableRequest('the body is no well-formed JSON in UTF-8');
  }
}

/** `open` is where the "{" of an object should be. */
function spliced(
  { text, open }: { readonly text: string; readonly open: number },
  [name = '', ...below]: readonly string[],
  literal: string,
): string {
  if (text[open] !== '{')
    throw unsuitableRequest('the body has no object where the secret belongs');
  const members = membersOf(text, open);
  const member = onlyMember(members, name);
  if (member === undefined) {
    const added = `${JSON.stringify(name)}:${nested(below, literal)}`;
    const last = members.at(-1);
    return last === undefined
      ? inserted(text, { start: open + 1, end: open + 1 }, added)
      : inserted(text, { start: last.end, end: last.end }, `,${added}`);
  }
  if (below.length === 0) return inserted(text, member, literal);
  return spliced({ text, open: member.start }, below, literal);
}

const inserted = (text: string, { start, end }: Span, piece: string): string =>
  text.slice(0, start) + piece + text.slice(end);

const nested = (path: readonly string[], literal: string): string =>
  path.reduceRight((inner, name) => `{${JSON.stringify(name)}:${inner}}`, literal);

/** Readers take the first or the last of doubles, and some take names in any case. */
function onlyMember(members: readonly Member[], name: string): Member | undefined {
  const alike = members.filter((member) => caseless(member.name) === caseless(name));
  if (alike.length > 1 || (alike[0] !== undefined && alike[0].name !== name)) {
    throw unsuitableRequest('the member of the secret is in the body twice, or in another case');
  }
  return alike[0];
}

/** The members of the object whose "{" is at `open`. The text is known to be JSON: nothing is checked again. */
function membersOf(text: string, open: number): readonly Member[] {
  const members: Member[] = [];
  let at = afterSpace(text, open + 1);
  while (text[at] === '"') {
    const nameEnd = stringEnd(text, at);
    const start = afterSpace(text, afterSpace(text, nameEnd) + 1);
    const end = valueEnd(text, start);
    members.push({ name: JSON.parse(text.slice(at, nameEnd)) as string, start, end });
    at = afterSpace(text, end);
    if (text[at] === ',') at = afterSpace(text, at + 1);
  }
  return members;
}

function valueEnd(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return stringEnd(text, start);
  return first === '{' || first === '[' ? containerEnd(text, start) : scalarEnd(text, start);
}

function containerEnd(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const character = text[at];
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    at = character === '"' ? stringEnd(text, at) : at + 1;
  } while (depth > 0);
  return at;
}

function scalarEnd(text: string, start: number): number {
  const end = /[\s,}\]]/g;
  end.lastIndex = start;
  return end.exec(text)?.index ?? text.length;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function afterSpace(text: string, start: number): number {
  let at = start;
  while (/[ \t\n\r]/.test(text[at] ?? '')) at += 1;
  return at;
}
