import {
  type Handle,
  type ImposedRestrictions,
  type RestrictedExchanges,
  type Restriction,
  secondsUntilEnd,
  windowAt,
} from '#handles';
import { subjectIdOf, type WorkloadIdentity } from '#identity';
import { type Clock } from '#kernel';
import { OAuthError } from './oauth-error.js';

type Workload = Pick<WorkloadIdentity, 'issuer' | 'subject'>;

export interface ExchangeRestrictionsParts {
  readonly imposed: ImposedRestrictions;
  readonly counted: RestrictedExchanges;
  readonly clock: Clock;
}

/**
 * What detections restrict of exchanges, each of one workload or handle. Only exchanges of who has proven to be that
 * workload are counted: nobody else can use up what it is left. Of a workload that is not restricted nothing is asked and
 * nothing counted.
 */
export class ExchangeRestrictions {
  constructor(private readonly parts: ExchangeRestrictionsParts) {}

  /** Asks which stand; call it every RESTRICTIONS_EVERY_MS. @throws DependencyUnavailable */
  refresh(): Promise<void> {
    return this.parts.imposed.refresh();
  }

  /** Counts the exchange, for all processes. @throws OAuthError temporarily_unavailable; DependencyUnavailable */
  async assertWithinRate(identity: Workload): Promise<void> {
    const { imposed, counted, clock } = this.parts;
    if (!imposed.hasAny('exchange_rate')) return;
    for (const restriction of imposed.of('exchange_rate', subjectIdOf(identity))) {
      const { window, secondsLeft } = windowAt(restriction, clock.now());
      const exchanges = await counted.count(restriction.id, window);
      if (exchanges <= restriction.limit) continue;
      const what = `the workload may exchange ${restriction.limit} times in five minutes for now`;
      throw new OAuthError('temporarily_unavailable', 'restricted', what, {
        restriction: toldOf(restriction),
        retryAfterSeconds: secondsLeft,
      });
    }
  }

  /**
   * What comes back through a handle may be held back: through one that was made of it, it would not be.
   * @throws OAuthError temporarily_unavailable
   */
  assertNotHeldBack({ id }: Pick<Handle, 'id'>): void {
    const { imposed, clock } = this.parts;
    const [restriction] = imposed.of('bytes_rate', id);
    if (restriction === undefined) return;
    const what =
      'what comes back through the handle is held back: no other one is made of it for now';
    throw new OAuthError('temporarily_unavailable', 'restricted', what, {
      restriction: toldOf(restriction),
      retryAfterSeconds: secondsUntilEnd(restriction, clock.now()),
    });
  }

  /** @throws OAuthError invalid_target: the workload gets handles for what it used before, for now */
  assertKnown(identity: Workload, resourceId: string): void {
    const { imposed } = this.parts;
    if (!imposed.hasAny('known_credentials_only')) return;
    const stepped = imposed.of('known_credentials_only', subjectIdOf(identity));
    const restriction = stepped.find(({ resources }) => !resources.includes(resourceId));
    if (restriction === undefined) return;
    const what = 'the workload did not use this resource before, and gets nothing new for now';
    throw new OAuthError('invalid_target', 'restricted', what, {
      restriction: toldOf(restriction),
    });
  }
}

const toldOf = ({ id, detectionId }: Restriction): { id: string; detectionId: string } => ({
  id,
  detectionId,
});
