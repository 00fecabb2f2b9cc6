import { type EventDraft, type EventFactory, type PosternEvent } from '#events';
import {
  type Canary,
  type CanaryFilter,
  type CanaryKind,
  type CanaryStore,
  mintCanary,
} from '#handles';
import { type Clock, randomId } from '#kernel';
import { type Operator } from '#oauth';
import { CanariesFull, CanaryUnknown } from './admin-refusal.js';

type CanaryEvent = 'dev.postern.policy.canary_planted.v1' | 'dev.postern.policy.canary_ended.v1';

/** What is none is not looked for: PostgreSQL takes no NUL, and an address may hold anything. */
const CANARY_ID = /^can_[A-Za-z0-9]{1,64}$/;

export interface CanariesParts {
  readonly canaries: CanaryStore;
  readonly events: EventFactory;
  readonly clock: Clock;
  /** Whose handles its canaries look like. */
  readonly environment: string;
}

export interface AskedCanary {
  readonly kind: CanaryKind;
  readonly note: string;
}

/** A canary with what is planted: given out once, and kept nowhere. */
export interface PlantedCanary {
  readonly canary: Canary;
  readonly plaintext: string;
}

/** What operators do with canaries: what is worth nothing and must never be used by anybody. */
export class Canaries {
  constructor(private readonly parts: CanariesParts) {}

  /** @throws CanariesFull, DependencyUnavailable */
  async plant({ kind, note }: AskedCanary, { subjectId }: Operator): Promise<PlantedCanary> {
    const { canaries, clock, environment } = this.parts;
    const { plaintext, ...minted } = mintCanary(kind, environment);
    const at = { createdBy: subjectId, createdAt: clock.now(), endedAt: undefined };
    const canary = { ...minted, kind, note, ...at };
    const event = this.#event('dev.postern.policy.canary_planted.v1', canary, subjectId);
    if ((await canaries.plant(canary, event)) === 'full') throw new CanariesFull();
    return { canary, plaintext };
  }

  /** Again: nothing more happens. @throws CanaryUnknown, DependencyUnavailable */
  async end(id: string, { subjectId }: Operator): Promise<Canary> {
    const { canaries, clock } = this.parts;
    const eventOf = (canary: Canary): PosternEvent =>
      this.#event('dev.postern.policy.canary_ended.v1', canary, subjectId);
    const ended = CANARY_ID.test(id) ? await canaries.end(id, clock.now(), eventOf) : undefined;
    if (ended === undefined) throw new CanaryUnknown(id);
    return ended;
  }

  /** By id. @throws DependencyUnavailable */
  list(filter: CanaryFilter): Promise<readonly Canary[]> {
    return this.parts.canaries.list(filter);
  }

  #event(type: CanaryEvent, { id, kind, note }: Canary, operatorId: string): PosternEvent {
    const draft: EventDraft<CanaryEvent> = {
      subject: `canary/${id}`,
      partitionKey: `canary/${id}`,
      correlationId: randomId('req'),
      data: { canary_id: id, kind, note, initiator_id: operatorId },
    };
    return this.parts.events.create(type, draft);
  }
}
