import { type EventFactory, type EventJournal, POLICY_ITEMS_MAX, type PosternEvent } from '#events';
import { type Clock, randomId } from '#kernel';
import { type GrantSource } from '#policy';

const DAY_SECONDS = 86_400;
const ITEM = 'policy/standing';

export interface StandingListParts {
  readonly grants: GrantSource;
  /** Ids of the registered resources. */
  readonly resources: readonly string[];
  /** In seconds, by the id of a grant: after how long without use it counts as stale. */
  readonly unusedGrants: Readonly<Record<string, number>>;
  readonly journal: EventJournal;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/**
 * Tells once a day which grants are in force and which resources there are: whoever looks for what nobody uses has to know
 * what could be used. Told twice, as by two processes, it says the same.
 */
export class StandingList {
  /** The day that was told last, UTC. */
  #told: string | undefined;

  constructor(private readonly parts: StandingListParts) {}

  /** Call it now and then. @throws DependencyUnavailable: then the next call tells it */
  async tellDaily(): Promise<void> {
    const day = this.parts.clock.now().toISOString().slice(0, 10);
    if (day === this.#told) return;
    await this.parts.journal.append(this.#events());
    this.#told = day;
  }

  #events(): readonly PosternEvent[] {
    const { grants, resources } = this.parts;
    const { digest, grants: inForce } = grants.current();
    const pages = Math.max(
      Math.ceil(inForce.length / POLICY_ITEMS_MAX),
      Math.ceil(resources.length / POLICY_ITEMS_MAX),
    );
    return Array.from({ length: pages }, (_, page) => {
      const [from, until] = [page * POLICY_ITEMS_MAX, (page + 1) * POLICY_ITEMS_MAX];
      return this.parts.events.create('dev.postern.policy.listed.v1', {
        ...{ subject: ITEM, partitionKey: ITEM, correlationId: randomId('pol') },
        data: {
          grant_set_digest: digest,
          grants: inForce.slice(from, until).map(({ id }) => this.#listed(id)),
          resources: resources.slice(from, until),
        },
      });
    });
  }

  #listed(id: string): { readonly grant_id: string; readonly unused_after_days?: number } {
    const { unusedGrants } = this.parts;
    const seconds = Object.hasOwn(unusedGrants, id) ? unusedGrants[id] : undefined;
    if (seconds === undefined) return { grant_id: id };
    return { grant_id: id, unused_after_days: seconds / DAY_SECONDS };
  }
}
