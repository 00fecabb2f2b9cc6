import { sign } from 'node:crypto';
import { checkpointKey, ed25519Of, parseCheckpoint, parseNote } from '#audit';
import { type SeededChance } from './seeded-chance.js';
import { publicPemOf, seededKey } from './audited-export.js';

/** An export that somebody has tampered with, and where a verifier has to say that it ends being proven. */
export interface Tampered {
  /** A line that is no UTF-8 any more comes as its bytes. */
  readonly lines: readonly (string | Buffer)[];
  readonly index: number;
}

/** Line 0 is the header. */
export interface Plan {
  /** The log index that each line has to prove, had nobody touched it: that of the event, or the first of the checkpoint. */
  readonly indexes: readonly number[];
  readonly isCheckpoint: readonly boolean[];
}

interface Export {
  readonly lines: readonly string[];
  readonly plan: Plan;
  readonly chance: SeededChance;
}

type Tamper = (original: Export) => Tampered | undefined;

export function planOf(lines: readonly string[]): Plan {
  const indexes: number[] = [];
  let next = 0;
  for (const line of lines) {
    const isEvent = line.startsWith('{"event":');
    indexes.push(next);
    if (isEvent) next += 1;
  }
  return { indexes, isCheckpoint: lines.map((line) => line.startsWith('{"checkpoint":')) };
}

const eventLines = ({ plan, lines }: Export): number[] =>
  lines.flatMap((_, at) => (at > 0 && plan.isCheckpoint[at] === false ? [at] : []));
const checkpointLines = ({ plan, lines }: Export): number[] =>
  lines.flatMap((_, at) => (plan.isCheckpoint[at] === true ? [at] : []));

const without = (lines: readonly string[], at: number, count = 1): string[] => [
  ...lines.slice(0, at),
  ...lines.slice(at + count),
];
const replaced = (lines: readonly string[], at: number, line: string): string[] => [
  ...lines.slice(0, at),
  line,
  ...lines.slice(at + 1),
];
const indexOf = ({ plan }: Export, at: number): number => plan.indexes[at] ?? -1;

interface EventLine {
  event: Record<string, unknown> & { data: Record<string, unknown> };
  index: number;
  siblings: string[];
}
const parsed = (line: string): EventLine => JSON.parse(line) as EventLine;
/** The members of an event's line stand in the order of their names already. */
const written = (line: EventLine): string => JSON.stringify(line);

/** One byte of any line is another one. */
const flipByte: Tamper = ({ lines, plan, chance }) => {
  const at = chance.below(lines.length);
  const bytes = Buffer.from(lines[at] ?? '');
  const place = chance.below(bytes.length);
  bytes[place] = (bytes[place] ?? 0) ^ (1 << chance.below(7));
  if (bytes[place] === 0x0a) return undefined; // Two lines of one: another mutation.
  return {
    lines: [...lines.slice(0, at), bytes, ...lines.slice(at + 1)],
    index: plan.indexes[at] ?? -1,
  };
};

const changeEvent: Tamper = (original) => {
  const at = original.chance.of(eventLines(original));
  const line = parsed(original.lines[at] ?? '');
  line.event.data['reason'] = `not ${String(line.event.data['reason'])}`;
  return { lines: replaced(original.lines, at, written(line)), index: indexOf(original, at) };
};

const deleteEvent: Tamper = (original) => {
  const at = original.chance.of(eventLines(original));
  return { lines: without(original.lines, at), index: indexOf(original, at) };
};

/** The indexes of all that follow are made to fit: only the proofs show it. */
const deleteAndRenumber: Tamper = (original) => {
  const at = original.chance.of(eventLines(original));
  const rest = without(original.lines, at).map((line, place) => {
    if (place < at || !line.startsWith('{"event":')) return line;
    const moved = parsed(line);
    return written({ ...moved, index: moved.index - 1 });
  });
  return { lines: rest, index: indexOf(original, at) };
};

const swapEvents: Tamper = (original) => {
  const [one, other] = original.chance.two(eventLines(original));
  const lines = replaced(original.lines, one, original.lines[other] ?? '');
  return {
    lines: replaced(lines, other, original.lines[one] ?? ''),
    index: indexOf(original, Math.min(one, other)),
  };
};

const swapAndRenumber: Tamper = (original) => {
  const [one, other] = original.chance.two(eventLines(original));
  const [left, right] = [parsed(original.lines[one] ?? ''), parsed(original.lines[other] ?? '')];
  const lines = replaced(original.lines, one, written({ ...left, event: right.event }));
  return {
    lines: replaced(lines, other, written({ ...right, event: left.event })),
    index: indexOf(original, Math.min(one, other)),
  };
};

const repeatEvent: Tamper = (original) => {
  const at = original.chance.of(eventLines(original));
  const { lines } = original;
  return {
    lines: [...lines.slice(0, at + 1), lines[at] ?? '', ...lines.slice(at + 1)],
    index: indexOf(original, at) + 1,
  };
};

/** Somewhere within a checkpoint's events. */
const truncate: Tamper = (original) => {
  const at = original.chance.of(eventLines(original));
  return { lines: original.lines.slice(0, at), index: indexOf(original, at) };
};

const hideEvent: Tamper = (original) => {
  const at = original.chance.of(eventLines(original));
  const { index, siblings } = parsed(original.lines[at] ?? '');
  const leaf = Buffer.alloc(32, original.chance.below(256)).toString('base64');
  return {
    lines: replaced(original.lines, at, JSON.stringify({ index, leaf, siblings })),
    index,
  };
};

/** The lines of an event's proof are changed together with it. */
const changeEventAndProof: Tamper = (original) => {
  const at = original.chance.of(eventLines(original));
  const line = parsed(original.lines[at] ?? '');
  line.event.data['reason'] = 'forged';
  line.siblings = line.siblings.map(() => Buffer.alloc(32, 7).toString('base64'));
  return { lines: replaced(original.lines, at, written(line)), index: line.index };
};

const deleteCheckpoint: Tamper = (original) => {
  const at = original.chance.of(checkpointLines(original));
  return { lines: without(original.lines, at), index: indexOf(original, at) };
};

/** A checkpoint with all of its events, from the middle: a day that is gone. */
const dropDay: Tamper = (original) => {
  const checkpoints = checkpointLines(original);
  if (checkpoints.length < 2) return undefined;
  const day = original.chance.below(checkpoints.length - 1);
  const [from, to] = [checkpoints[day] ?? 0, checkpoints[day + 1] ?? 0];
  return { lines: without(original.lines, from, to - from), index: indexOf(original, from) };
};

const swapCheckpoints: Tamper = (original) => {
  const checkpoints = checkpointLines(original);
  if (checkpoints.length < 2) return undefined;
  const [one, other] = original.chance.two(checkpoints);
  const lines = replaced(original.lines, one, original.lines[other] ?? '');
  return {
    lines: replaced(lines, other, original.lines[one] ?? ''),
    index: indexOf(original, Math.min(one, other)),
  };
};

/** Signed anew with a key of one's own, under the name of the log. */
const signAnew: Tamper = (original) => {
  const at = original.chance.of(checkpointLines(original));
  const line = JSON.parse(original.lines[at] ?? '') as {
    checkpoint: { note: string; subtrees: string[] };
  };
  const text = parseNote(line.checkpoint.note)?.text ?? '';
  const origin = parseCheckpoint(text)?.origin ?? '';
  const privateKey = seededKey(2 + original.chance.below(200));
  const { id } = checkpointKey(origin, ed25519Of(publicPemOf(privateKey)));
  const bytes = Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]);
  line.checkpoint.note = `${text}\n\u2014 ${origin} ${bytes.toString('base64')}\n`;
  return {
    lines: replaced(original.lines, at, JSON.stringify(line)),
    index: indexOf(original, at),
  };
};

/** Two things in one line: a reader that takes the first would see another event than one that takes the last. */
const sayTwice: Tamper = (original) => {
  const at = original.chance.of(eventLines(original));
  const line = original.lines[at] ?? '';
  const forged = line.replace('{"event":', '{"event":{"id":"forged"},"event":');
  return { lines: replaced(original.lines, at, forged), index: indexOf(original, at) };
};

const addBlank: Tamper = (original) => {
  const at = original.chance.below(original.lines.length);
  const line = (original.lines[at] ?? '').replace(/,/, ', ');
  if (line === original.lines[at]) return undefined;
  return { lines: replaced(original.lines, at, line), index: indexOf(original, at) };
};

const addForged: Tamper = (original) => {
  const at = original.chance.of(eventLines(original));
  const line = parsed(original.lines[at] ?? '');
  const forged = written({ ...line, event: { ...line.event, id: 'forged' } });
  const { lines } = original;
  return { lines: [...lines.slice(0, at), forged, ...lines.slice(at)], index: line.index };
};

export const TAMPERINGS: Readonly<Record<string, Tamper>> = {
  flipByte,
  changeEvent,
  changeEventAndProof,
  deleteEvent,
  deleteAndRenumber,
  swapEvents,
  swapAndRenumber,
  repeatEvent,
  truncate,
  hideEvent,
  deleteCheckpoint,
  dropDay,
  swapCheckpoints,
  signAnew,
  sayTwice,
  addBlank,
  addForged,
};
