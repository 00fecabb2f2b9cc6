import { type PosternEvent } from '#events';
import { type Canary } from './canary.js';

export interface CanaryFilter {
  /** Canaries whose id sorts after this one. */
  readonly after?: string | undefined;
  /** 1 to 500. */
  readonly limit: number;
}

/** Which canaries are live: what those need who meet them. */
export abstract class LiveCanaries {
  /** At most CANARIES_LIVE_MAX. @throws DependencyUnavailable */
  abstract live(): Promise<readonly Pick<Canary, 'id' | 'digest'>[]>;
}

/** Where canaries are kept, by digest. A write and its event take effect together or not at all. */
export abstract class CanaryStore extends LiveCanaries {
  /**
   * `full`: CANARIES_LIVE_MAX are live already, however many ask at once; nothing was written.
   * @throws DependencyUnavailable
   */
  abstract plant(canary: Canary, event: PosternEvent): Promise<'planted' | 'full'>;

  /**
   * From then on it is worth no more than any text. Resolves to it as it is now; of one that has ended nothing more
   * happens; undefined: there is none with this id.
   * @throws DependencyUnavailable
   */
  abstract end(
    id: string,
    at: Date,
    eventOf: (canary: Canary) => PosternEvent,
  ): Promise<Canary | undefined>;

  /** Ordered by id, those that ended among them. @throws DependencyUnavailable */
  abstract list(filter: CanaryFilter): Promise<readonly Canary[]>;
}
