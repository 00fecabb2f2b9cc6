import { LRUCache } from 'lru-cache';
import { type Clock, type Digest } from '#kernel';
import { entriesAtMost } from './entries-at-most.js';
import { type Handle } from './handle.js';
import { HandleLookup, type HandleMemory } from './handle-store.js';

/** An answer of this age is not used any more: so that a revocation is seen everywhere within a second. */
const AGE_MS_MAX = 750;
const ENTRIES_MAX = 100_000;
/** Of each memory, whenever something comes into one: more go than come, as long as there are old ones. */
const FORGOTTEN_AT_ONCE = 2;

interface Answer {
  readonly handle: Handle | undefined;
  /** Milliseconds since 1970, from before the question: what changed while it was answered may be missing. */
  readonly askedAt: number;
}

type Matches = (handle: Handle) => boolean;

interface Question {
  readonly answer: Promise<Handle | undefined>;
  readonly askedAt: number;
  /** What was forgotten since it was asked: an answer that matches may be from before that. */
  readonly forgotten: Matches[];
}

/**
 * Remembers look-ups for three quarters of a second. Unknown digests have a memory of their own, so that a flood of them pushes
 * no live handle out. What is too old to be used is forgotten soon, so that the memory is of the handles of the last
 * second or two and not of all that there ever were. One look-up a digest runs at a time, and nobody joins one that began that
 * long ago; a failure is never remembered, and nothing older is served instead.
 */
export class CachingHandleLookup extends HandleLookup implements HandleMemory {
  readonly #known: LRUCache<Digest, Answer>;
  readonly #unknown: LRUCache<Digest, Answer>;
  /** The last one of each digest, to be joined. */
  readonly #running = new Map<Digest, Question>();
  readonly #underWay = new Set<Question>();

  constructor(
    private readonly parts: {
      readonly lookup: HandleLookup;
      readonly clock: Clock;
      /** Of handles, and as many of unknown digests. Default 100,000. */
      readonly entriesMax?: number;
    },
  ) {
    super();
    const max = parts.entriesMax ?? ENTRIES_MAX;
    this.#known = new LRUCache(entriesAtMost(max));
    this.#unknown = new LRUCache(entriesAtMost(max));
  }

  /** @throws what the look-up behind it throws */
  override async findByDigest(digest: Digest): Promise<Handle | undefined> {
    const now = this.parts.clock.now().getTime();
    const remembered = this.#known.get(digest) ?? this.#unknown.get(digest);
    if (remembered !== undefined && isFresh(remembered, now)) return remembered.handle;
    const running = this.#running.get(digest);
    if (running !== undefined && isFresh(running, now)) return this.#joined(running, digest);
    return this.#ask(digest, now);
  }

  /** @throws what the look-up behind it throws */
  override endedAmong(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.parts.lookup.endedAmong(ids);
  }

  forget(matches: Matches): readonly string[] {
    const forgotten: string[] = [];
    for (const [digest, { handle }] of this.#known.entries()) {
      if (handle === undefined || !matches(handle)) continue;
      this.#known.delete(digest);
      forgotten.push(handle.id);
    }
    for (const question of this.#underWay) question.forgotten.push(matches);
    return forgotten;
  }

  /** Who came after something was forgotten does not take an answer that this may be about. */
  async #joined(question: Question, digest: Digest): Promise<Handle | undefined> {
    const before = question.forgotten.slice();
    const handle = await question.answer;
    if (!isAmong(before, handle)) return handle;
    const now = this.parts.clock.now().getTime();
    const running = this.#running.get(digest);
    return running === undefined ? this.#ask(digest, now) : running.answer;
  }

  #ask(digest: Digest, askedAt: number): Promise<Handle | undefined> {
    const forgotten: Matches[] = [];
    const answer = this.parts.lookup.findByDigest(digest).then((handle) => {
      if (!isAmong(forgotten, handle)) this.#remember(digest, { handle, askedAt });
      return handle;
    });
    const question = { answer, askedAt, forgotten };
    this.#running.set(digest, question);
    this.#underWay.add(question);
    return answer.finally(() => {
      this.#underWay.delete(question);
      if (this.#running.get(digest) === question) this.#running.delete(digest);
    });
  }

  #remember(digest: Digest, answer: Answer): void {
    const [memory, other] =
      answer.handle === undefined ? [this.#unknown, this.#known] : [this.#known, this.#unknown];
    other.delete(digest);
    memory.set(digest, answer);
    forgetOld(this.#known, answer.askedAt);
    forgetOld(this.#unknown, answer.askedAt);
  }
}

/** From the one that was used the longest ago on. */
function forgetOld(memory: LRUCache<Digest, Answer>, now: number): void {
  for (let forgotten = 0; forgotten < FORGOTTEN_AT_ONCE; forgotten += 1) {
    const { value: digest } = memory.rkeys().next();
    const answer = digest === undefined ? undefined : memory.peek(digest);
    if (digest === undefined || answer === undefined || isFresh(answer, now)) return;
    memory.delete(digest);
  }
}

/** Neither too old nor from the future: after the clock was set back, an age says nothing. */
const isFresh = ({ askedAt }: { readonly askedAt: number }, now: number): boolean =>
  askedAt <= now && now - askedAt < AGE_MS_MAX;

const isAmong = (forgotten: readonly Matches[], handle: Handle | undefined): boolean =>
  handle !== undefined && forgotten.some((matches) => matches(handle));
