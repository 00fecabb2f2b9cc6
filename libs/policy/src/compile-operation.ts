import { type Operation, type TemplateSegment } from './operation.js';
import { OperationInvalid } from './operation-invalid.js';

/**
 * COPY, MOVE and their kin are missing on purpose: they name a second path in a header, which no template judges.
 * UPGRADE is no method on the wire: it stands for a GET that becomes a WebSocket, which GET does not cover.
 * CONNECT, TRACE and TRACK are refused on every call (proxy.md, "Canonical request").
 */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'UPGRADE',
]);
const OPERATION_CHARACTERS_MAX = 1024;
const SEGMENTS_MAX = 64;

const FORM = /^(?<method>[A-Z]+) (?<path>\/[^ ]*)$/;
/** pchar of RFC 3986 section 3.3 without what a canonical path or a template gives a meaning: `%`, `;`, `*`. */
const LITERAL = /^[A-Za-z0-9\-._~!$&'()+,=:@]+$/;
const PARAMETER = /^\{(?<name>[A-Za-z_][A-Za-z0-9_]{0,62})\}$/;

/**
 * Reads `<METHOD> <path template>`: one space, an absolute path whose segments are literals, `{name}` (one whole
 * segment) or, in the last place only, `**` (one or more segments). `/` alone is the root; a `/` at the end is of the
 * path, as it is to many backends: `/users/` is another one than `/users`. A literal stands for the decoded segment and
 * must be canonical already: no dot segment, no percent escape, no empty segment elsewhere.
 * @throws OperationInvalid
 */
export function compileOperation(text: string): Operation {
  if (text.length > OPERATION_CHARACTERS_MAX) {
    throw new OperationInvalid(
      `${text.slice(0, 64)}...`,
      `longer than ${OPERATION_CHARACTERS_MAX} characters`,
    );
  }
  const groups = FORM.exec(text)?.groups;
  if (groups === undefined) {
    throw new OperationInvalid(
      text,
      'expected an upper-case method, one space and a path, such as "GET /accounts/{id}"',
    );
  }
  const { method = '', path = '' } = groups;
  refuseMethod(text, method);
  return { method, template: path, segments: compileTemplate(text, path) };
}

function refuseMethod(text: string, method: string): void {
  if (METHODS.has(method)) return;
  throw new OperationInvalid(text, `method ${method} is not one of ${[...METHODS].join(', ')}`);
}

const SLASH_AT_THE_END: TemplateSegment = { kind: 'literal', text: '' };

function compileTemplate(text: string, path: string): readonly TemplateSegment[] {
  if (path === '/') return [];
  const segments = path.slice(1).split('/');
  if (segments.length > SEGMENTS_MAX) {
    throw new OperationInvalid(text, `more than ${SEGMENTS_MAX} segments`);
  }
  const compiled = segments.map((segment, index) => {
    const last = index === segments.length - 1;
    if (segment === '**') return rest(text, last);
    return last && segment === '' ? SLASH_AT_THE_END : compileSegment(text, segment);
  });
  refuseRepeatedNames(text, compiled);
  return compiled;
}

function rest(text: string, last: boolean): TemplateSegment {
  if (!last) throw new OperationInvalid(text, '"**" stands for all that follows: last place only');
  return { kind: 'rest' };
}

function compileSegment(text: string, segment: string): TemplateSegment {
  const name = PARAMETER.exec(segment)?.groups?.['name'];
  if (name !== undefined) return { kind: 'parameter', name };
  if (segment === '') {
    throw new OperationInvalid(text, 'an empty segment ("//") is not canonical');
  }
  if (segment === '.' || segment === '..') {
    throw new OperationInvalid(text, `the dot segment "${segment}" is not canonical`);
  }
  if (!LITERAL.test(segment)) {
    throw new OperationInvalid(
      text,
      `segment ${JSON.stringify(segment)} is neither a literal (letters, digits, -._~!$&'()+,=:@) nor {name} nor **`,
    );
  }
  return { kind: 'literal', text: segment };
}

function refuseRepeatedNames(text: string, segments: readonly TemplateSegment[]): void {
  const names = segments.flatMap((segment) => (segment.kind === 'parameter' ? [segment.name] : []));
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw new OperationInvalid(text, `the parameter {${repeated}} stands twice`);
  }
}
