/** One HTTP/1.1 message as RFC 9112 permits it and no other way. Texts are latin1: one character a byte. */
export interface StrictMessage {
  readonly start: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** Bytes of the text that the message takes. */
  readonly length: number;
}

export type Reading =
  | { readonly kind: 'whole'; readonly message: StrictMessage }
  | { readonly kind: 'part' }
  | { readonly kind: 'fault'; readonly what: string };

/** Whether a message has a body beside what its headers say (RFC 9112 section 6.3). */
export type BodyRule = 'request' | 'response' | 'no-body';

const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/;
const REQUEST_LINE = /^[A-Z]{1,32} \/[\x21-\x7e]* HTTP\/1\.1$/;
const STATUS_LINE = /^HTTP\/1\.1 [1-9][0-9]{2} [\t\x20-\x7e\x80-\xff]*$/;
const CHUNK_LINE = /^[0-9A-Fa-f]{1,8}$/;

class Fault extends Error {}
class Part extends Error {}

/** Reads the first message of a text. What a lenient reader would repair is a fault. */
export function readStrictly(text: string, rule: BodyRule): Reading {
  const settled = attempt(() => readMessage(text, rule));
  if (!(settled instanceof Error)) return { kind: 'whole', message: settled };
  return settled instanceof Part ? { kind: 'part' } : { kind: 'fault', what: settled.message };
}

/** All messages of a text, and what is left of it when the last one is no message. */
export function readAll(
  text: string,
  ruleOf: (start: string) => BodyRule,
): { readonly messages: readonly StrictMessage[]; readonly rest: string; readonly fault: string } {
  const messages: StrictMessage[] = [];
  let rest = text;
  while (rest !== '') {
    const reading = readStrictly(rest, ruleOf(rest.slice(0, rest.indexOf('\r\n'))));
    if (reading.kind !== 'whole') {
      return { messages, rest, fault: reading.kind === 'fault' ? reading.what : '' };
    }
    messages.push(reading.message);
    rest = rest.slice(reading.message.length);
  }
  return { messages, rest, fault: '' };
}

/** The values of a field, by its name in lower case. */
export const valuesOf = ({ headers }: StrictMessage, name: string): readonly string[] =>
  headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);

function attempt<T>(read: () => T): T | Error {
  // eslint-disable-next-line no-restricted-syntax -- a fault is a result here: every caller looks at it
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault || error instanceof Part) return error;
    throw error;
  }
}

function readMessage(text: string, rule: BodyRule): StrictMessage {
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  if (/(?<!\r)\n|\r(?!\n|$)/.test(head)) throw new Fault('a bare CR or LF in the head');
  if (end < 0) throw new Part();
  const [start = '', ...lines] = head.split('\r\n');
  if (!(rule === 'request' ? REQUEST_LINE : STATUS_LINE).test(start)) {
    throw new Fault(`the start line ${JSON.stringify(start)}`);
  }
  const headers = lines.map(fieldOf);
  const body = readBody(text.slice(end + 4), headers, rule);
  return {
    start,
    headers,
    body: body.body,
    trailers: body.trailers,
    length: end + 4 + body.length,
  };
}

function fieldOf(line: string): readonly [string, string] {
  const [, name, value] = FIELD.exec(line) ?? [];
  if (name === undefined || value === undefined)
    throw new Fault(`the field ${JSON.stringify(line)}`);
  return [name, value];
}

type Body = Pick<StrictMessage, 'body' | 'trailers' | 'length'>;

function readBody(text: string, headers: StrictMessage['headers'], rule: BodyRule): Body {
  const framing = headers.filter(([name]) =>
    ['content-length', 'transfer-encoding'].includes(name.toLowerCase()),
  );
  if (framing.length > 1) throw new Fault('more than one framing field');
  const [[name, value] = ['', '']] = framing;
  if (rule === 'no-body') return { body: '', trailers: [], length: 0 };
  if (name.toLowerCase() === 'transfer-encoding') {
    if (value !== 'chunked') throw new Fault(`the transfer coding ${value}`);
    return readChunks(text);
  }
  if (name === '') {
    if (rule === 'request') return { body: '', trailers: [], length: 0 };
    return { body: text, trailers: [], length: text.length };
  }
  if (!/^(?:0|[1-9][0-9]{0,9})$/.test(value)) throw new Fault(`the length ${value}`);
  const length = Number(value);
  if (text.length < length) throw new Part();
  return { body: text.slice(0, length), trailers: [], length };
}

function readChunks(text: string): Body {
  let body = '';
  let at = 0;
  for (;;) {
    const line = lineAt(text, at);
    if (!CHUNK_LINE.test(line)) throw new Fault(`the chunk size ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    at += line.length + 2;
    if (size === 0) return readTrailers(text, at, body);
    if (text.length < at + size + 2) throw new Part();
    if (text.slice(at + size, at + size + 2) !== '\r\n') throw new Fault('no CRLF after a chunk');
    body += text.slice(at, at + size);
    at += size + 2;
  }
}

function readTrailers(text: string, from: number, body: string): Body {
  const trailers: (readonly [string, string])[] = [];
  let at = from;
  for (;;) {
    const line = lineAt(text, at);
    at += line.length + 2;
    if (line === '') return { body, trailers, length: at };
    trailers.push(fieldOf(line));
  }
}

function lineAt(text: string, at: number): string {
  const end = text.indexOf('\r\n', at);
  const line = text.slice(at, end < 0 ? text.length : end);
  if (/[\r\n]/.test(line)) throw new Fault('a bare CR or LF in the body');
  if (end < 0) throw new Part();
  return line;
}
