import { type KeyObject } from 'node:crypto';
import { signedCheckpoint } from './authentic-checkpoint.js';
import { Broken } from './broken.js';
import { type Checkpoint, checkpointHash, NO_CHECKPOINT } from './checkpoint.js';
import { climb, CompactRange } from './compact-range.js';
import { checkpointLine, headerLine, type HeaderLine, type LeafLine } from './export-lines.js';
import { type Finding } from './finding.js';
import { KeySuccession } from './key-succession.js';
import { type MerkleHash } from './merkle-hash.js';
import { hashesIn, hashOf, parsed, parsedLeaf, textIn, textOf } from './read-line.js';
import { SequenceLedger } from './sequence-ledger.js';

/** A checkpoint that is known from elsewhere, and that the export must agree with. */
export interface PinnedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** Such as `the anchor`. */
  readonly from: string;
}

export interface VerifierOptions {
  /** The key in use, first, and those that were. */
  readonly publicKeys: readonly KeyObject[];
  /** The log that it must be; absent: the one that the export names. */
  readonly log?: string;
  readonly pins?: readonly PinnedCheckpoint[];
  /** The export is meant to have so many events; absent: all that the pins know of. */
  readonly until?: number;
  /** The leaf at an index as the anchor has it; undefined where it has none. */
  readonly anchoredLeaf?: (index: number) => MerkleHash | undefined;
}

/** What was proven so far. */
export interface Proven {
  readonly log: string;
  /** The first index, and the one after the last. */
  readonly from: number;
  readonly to: number;
  readonly checkpoints: number;
  readonly newest: Checkpoint | undefined;
  readonly newestEventAt: string | undefined;
  /** Up to that size it is what a pin knows; undefined when it reached none. */
  readonly agreedTo: number | undefined;
  /** The newest checkpoint is signed by a key that was in use before: whoever has that key can have signed it. */
  readonly isOfFormerKey: boolean;
  /** Partition keys whose first event here is not their first: older ones were before the log, or before the export. */
  readonly keysBegunBefore: number;
}

/**
 * Proves an export line by line, with memory for one checkpoint and 24 to 48 bytes a partition key. Says the first thing
 * that is wrong, and no more: after that nothing is proven.
 */
export class ExportVerifier {
  #log = '';
  #from = 0;
  #lines = 0;
  #checkpoints = 0;
  #keysBegunBefore = 0;
  #next = 0;
  #newest: Checkpoint | undefined;
  #newestEventAt: string | undefined;
  /** Of the newest checkpoint. */
  #tree = CompactRange.empty();
  /** What the newest checkpoint adds. */
  #range = CompactRange.empty();
  readonly #sequences = new SequenceLedger();
  readonly #keys: KeySuccession;
  #agreedTo: number | undefined;
  /** What a pin says against the newest checkpoint. */
  #forked: string | undefined;
  #finding: Finding | undefined;

  constructor(private readonly options: VerifierOptions) {
    this.#keys = new KeySuccession(options.publicKeys[0]);
  }

  get proven(): Proven {
    return {
      log: this.#log,
      from: this.#from,
      to: this.#next,
      checkpoints: this.#checkpoints,
      newest: this.#newest,
      newestEventAt: this.#newestEventAt,
      agreedTo: this.#agreedTo,
      isOfFormerKey: this.#keys.current !== this.options.publicKeys[0],
      keysBegunBefore: this.#keysBegunBefore,
    };
  }

  /** Takes the next line, without its line end. Returns the first thing that is wrong, from then on. */
  take(line: Uint8Array): Finding | undefined {
    return this.#guard(() => {
      const text = textOf(line);
      if (this.#lines === 1) this.#header(text);
      else if (text.startsWith('{"checkpoint":')) this.#checkpoint(text);
      else this.#leaf(text);
    });
  }

  /** When there is no line any more. */
  end(): Finding | undefined {
    return this.#guard(() => {
      if (this.#lines === 1) throw new Broken('unreadable-line', 'the export is empty');
      if (this.#next < this.#range.end) {
        throw new Broken('missing-event', `the export ends before index ${this.#range.end - 1}`);
      }
      this.#requireNoFork();
      if (this.#checkpoints === 0) throw new Broken('truncated', 'nothing in it is signed');
      this.#requireReached();
    });
  }

  #guard(work: () => void): Finding | undefined {
    if (this.#finding !== undefined) return this.#finding;
    this.#lines += 1;
    try {
      work();
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      const { kind, detail, eventId } = error;
      this.#finding = {
        ...{ kind, detail, index: this.#next, line: this.#lines },
        provenTo: kind === 'forked' && eventId === undefined ? this.#agreed() : this.#next,
        ...(eventId === undefined ? {} : { eventId }),
      };
    }
    return this.#finding;
  }

  #header(text: string): void {
    const { log, base } = parsed(text, headerLine);
    const wanted = this.options.log ?? log;
    if (log !== wanted) throw new Broken('wrong-log', `the export is of ${log}, not of ${wanted}`);
    this.#log = log;
    if (base !== undefined) this.#begin(base);
    for (const { checkpoint, from } of this.options.pins ?? []) {
      if (checkpoint.origin === log) continue;
      throw new Broken('wrong-log', `the export is of ${log}, ${from} of ${checkpoint.origin}`);
    }
  }

  #begin({ note, frontier }: NonNullable<HeaderLine['base']>): void {
    const checkpoint = this.#authentic(note);
    const tree = CompactRange.of({ begin: 0, end: checkpoint.size }, hashesIn(frontier));
    if (tree?.root().equals(checkpoint.root) !== true) {
      throw new Broken('inconsistent-tree', `the export does not begin at size ${checkpoint.size}`);
    }
    this.#tree = tree;
    this.#range = CompactRange.empty(tree.end);
    this.#next = this.#from = tree.end;
    this.#newest = checkpoint;
    this.#comparePins(checkpoint, 0);
  }

  #checkpoint(text: string): void {
    if (this.#next < this.#range.end) {
      throw new Broken('missing-event', `the next checkpoint comes before index ${this.#next}`);
    }
    this.#requireNoFork();
    const { note, subtrees } = parsed(text, checkpointLine).checkpoint;
    const checkpoint = this.#authentic(note);
    this.#requireNext(checkpoint);
    const range = CompactRange.of({ begin: this.#next, end: checkpoint.size }, hashesIn(subtrees));
    const tree = range === undefined ? undefined : this.#tree.join(range);
    if (range === undefined || tree?.root().equals(checkpoint.root) !== true) {
      throw new Broken(
        'inconsistent-tree',
        `the subtrees do not make the tree of ${checkpoint.size}`,
      );
    }
    this.#comparePins(checkpoint, this.#next);
    [this.#tree, this.#range, this.#newest] = [tree, range, checkpoint];
    this.#checkpoints += 1;
  }

  #authentic(note: string): Checkpoint {
    const { publicKeys } = this.options;
    const signed = signedCheckpoint(note, { origin: this.#log, publicKeys });
    if (signed === undefined) {
      throw new Broken('bad-signature', 'the note is not signed by the key, for this log');
    }
    if (this.#keys.admits(signed.signers)) return signed.checkpoint;
    throw new Broken(
      'bad-signature',
      'the note is signed by a key that another one had replaced; the key that is named first is the last',
    );
  }

  #requireNext({ size, previous }: Checkpoint): void {
    const before = this.#newest === undefined ? NO_CHECKPOINT : checkpointHash(this.#newest);
    if (previous !== before) {
      throw new Broken(
        'broken-chain',
        `the checkpoint of size ${size} follows ${previous.slice(0, 12)}..., not ${before.slice(0, 12)}...`,
      );
    }
    if (size > this.#next) return;
    throw new Broken(
      'broken-chain',
      `a checkpoint of size ${size} comes after ${this.#next} events`,
    );
  }

  /**
   * A pin of a size that this checkpoint passes must be this checkpoint. Where the anchor has the leaves, the event that
   * differs is found and named, and not the checkpoint alone.
   */
  #comparePins(checkpoint: Checkpoint, sizeBefore: number): void {
    for (const { checkpoint: pin, from } of this.options.pins ?? []) {
      if (pin.size <= sizeBefore || pin.size > checkpoint.size) continue;
      if (pin.size < this.#from) {
        throw new Broken(
          'not-connected',
          `the export begins at ${this.#from}, ${from} at ${pin.size}`,
        );
      }
      if (checkpointHash(pin) === checkpointHash(checkpoint)) {
        this.#agreedTo = pin.size;
        continue;
      }
      this.#forked ??= `${from} has another checkpoint of size ${pin.size}: an event before that differs`;
      if (this.options.anchoredLeaf === undefined) this.#requireNoFork();
    }
  }

  #requireNoFork(): void {
    if (this.#forked !== undefined) throw new Broken('forked', this.#forked);
  }

  #agreed(): number {
    return Math.max(this.#agreedTo ?? 0, this.#from);
  }

  #requireReached(): void {
    const { pins = [], until } = this.options;
    const wanted = pins.map(({ checkpoint, from }) => ({ size: checkpoint.size, from }));
    if (until !== undefined) wanted.splice(0, wanted.length, { size: until, from: 'the wish' });
    for (const { size, from } of wanted) {
      if (size <= this.#next) continue;
      throw new Broken('truncated', `${from} has ${size} events, the export ends at ${this.#next}`);
    }
  }

  #leaf(text: string): void {
    const line = parsedLeaf(text);
    const eventId = 'event' in line ? textIn(line.event, 'id') : undefined;
    this.#requirePlace(line.index, eventId);
    const leaf = hashOf(text, line);
    if (!this.#isProven(leaf, line)) {
      throw new Broken('altered-event', 'its hash does not lead to the signed tree', eventId);
    }
    this.#compareAnchor(leaf, eventId);
    if (!('event' in line)) {
      throw new Broken('missing-event', 'the export has its hash, and not the event itself');
    }
    this.#requireSequence(line.event, eventId);
    this.#newestEventAt = textIn(line.event, 'time');
    this.#next += 1;
  }

  #requirePlace(index: number, eventId: string | undefined): void {
    const said = `the line says index ${index}, and ${this.#next} comes next`;
    if (index > this.#next) throw new Broken('missing-event', said, eventId);
    if (index < this.#next) throw new Broken('repeated-event', said, eventId);
    if (index >= this.#range.end) {
      throw new Broken(
        'unproven-event',
        `the last checkpoint has ${this.#range.end} events`,
        eventId,
      );
    }
  }

  #isProven(leaf: MerkleHash, { index, siblings }: LeafLine): boolean {
    const subtree = this.#range.nodeOf(index);
    const path = hashesIn(siblings);
    if (subtree?.level !== path.length) return false;
    return climb(leaf, index, path).equals(subtree.hash);
  }

  #compareAnchor(leaf: MerkleHash, eventId: string | undefined): void {
    const anchored = this.options.anchoredLeaf?.(this.#next);
    if (anchored === undefined || anchored.equals(leaf)) return;
    throw new Broken('forked', 'the anchor has another event at this index', eventId);
  }

  #requireSequence(event: Readonly<Record<string, unknown>>, eventId: string | undefined): void {
    const partitionKey = textIn(event, 'partitionkey') ?? '';
    const sequence = Number(textIn(event, 'sequence'));
    if (!Number.isSafeInteger(sequence) || sequence < 1) {
      throw new Broken('sequence-order', 'the event has no sequence', eventId);
    }
    const before = this.#sequences.replace(partitionKey, sequence);
    if (before === 0 && sequence > 1) this.#keysBegunBefore += 1;
    if (before === 0 || sequence === before + 1) return;
    const detail = `sequence ${sequence} of key ${partitionKey} follows ${before}`;
    throw new Broken(sequence > before ? 'sequence-gap' : 'sequence-order', detail, eventId);
  }
}
