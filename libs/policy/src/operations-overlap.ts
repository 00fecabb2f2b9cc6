import { type Operation, type TemplateSegment } from './operation.js';

/** Whether there is a call that both operations cover. */
export const operationsOverlap = (one: Operation, other: Operation): boolean =>
  methodsOverlap(one.method, other.method) && templatesOverlap(one.segments, other.segments);

/** GET covers HEAD, so an operation of the one meets an operation of the other. */
const methodsOverlap = (one: string, other: string): boolean =>
  one === other || (isRead(one) && isRead(other));

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

function templatesOverlap(
  one: readonly TemplateSegment[],
  other: readonly TemplateSegment[],
): boolean {
  const longer = Math.max(one.length, other.length);
  for (let index = 0; index < longer; index += 1) {
    const mine = one[index];
    const theirs = other[index];
    if (mine === undefined || theirs === undefined) return false;
    if (mine.kind === 'rest') return !endsWithSlash(other);
    if (theirs.kind === 'rest') return !endsWithSlash(one);
    if (!segmentsOverlap(mine, theirs)) return false;
  }
  return true;
}

/** What `{name}` and `**` never stand for. */
const isSlash = (segment: TemplateSegment | undefined): boolean =>
  segment?.kind === 'literal' && segment.text === '';

const endsWithSlash = (template: readonly TemplateSegment[]): boolean => isSlash(template.at(-1));

const segmentsOverlap = (one: TemplateSegment, other: TemplateSegment): boolean =>
  one.kind === 'literal' && other.kind === 'literal'
    ? one.text === other.text
    : !isSlash(one) && !isSlash(other);
