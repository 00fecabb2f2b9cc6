import { type Operation, type TemplateSegment } from './operation.js';

/**
 * The first of the operations that covers the call, or undefined. `segments` are the decoded segments of the
 * canonical path: `/a/b` is `['a', 'b']`, the root is `[]` or `['']`, and `/a/` is `['a', '']`, another path than
 * `/a`: an empty segment is no `{name}` and not of `**`. Literals are compared byte for byte.
 *
 * HEAD is covered by GET of the same template: it asks for less of the same (RFC 9110 section 9.3.2). No other
 * method stands for another.
 */
export function matchOperation(
  operations: readonly Operation[],
  method: string,
  segments: readonly string[],
): Operation | undefined {
  const path = isRoot(segments) ? [] : segments;
  for (const operation of operations) {
    if (coversMethod(operation.method, method) && coversPath(operation.segments, path)) {
      return operation;
    }
  }
  return undefined;
}

const isRoot = (segments: readonly string[]): boolean =>
  segments.length === 1 && segments[0] === '';

const coversMethod = (registered: string, asked: string): boolean =>
  registered === asked || (registered === 'GET' && asked === 'HEAD');

function coversPath(template: readonly TemplateSegment[], path: readonly string[]): boolean {
  let index = 0;
  for (const segment of template) {
    if (segment.kind === 'rest') return path.length > index && !path.includes('', index);
    if (!coversSegment(segment, path[index])) return false;
    index += 1;
  }
  return path.length === template.length;
}

function coversSegment(
  segment: Exclude<TemplateSegment, { kind: 'rest' }>,
  text: string | undefined,
): boolean {
  return segment.kind === 'literal' ? segment.text === text : text !== undefined && text !== '';
}
