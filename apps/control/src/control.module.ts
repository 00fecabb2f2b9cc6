import { type DynamicModule, Module } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type EventFactory, type EventJournal, type Evidence } from '#events';
import { type DpopNonces, HandleStore, type ProofUses } from '#handles';
import { type IssuerRegistry, type KeySource } from '#identity';
import { type Clock } from '#kernel';
import { operatorAuthentication, ReviewCadence, type ReviewNotices, RevokeHandles } from '#oauth';
import { type Logger, type Metrics, provide, Rounds } from '#platform';
import { type ObservableGrantSource, type ResourceSet } from '#policy';
import { AdminFaults } from './admin-faults.js';
import { AdminOperators } from './admin-operators.js';
import { AdminController } from './admin.controller.js';
import { ExplainController } from './explain.controller.js';
import { Explanations } from './explanations.js';
import { PolicyJournal } from './policy-journal.js';
import { Reviews } from './reviews.js';

/** The ports and settings that the admin API is made of. */
export interface ControlParts {
  readonly environment: string;
  readonly publicOrigin: string;
  readonly clock: Clock;
  readonly issuers: IssuerRegistry;
  readonly keys: KeySource;
  readonly resources: ResourceSet;
  readonly grants: ObservableGrantSource;
  readonly handles: HandleStore;
  readonly proofUses: ProofUses;
  /** Undefined: DPoP proofs need no nonce. */
  readonly nonces: DpopNonces | undefined;
  /** What was recorded of a request, to explain it. */
  readonly evidence: Evidence;
  /** Which reviews were told of. */
  readonly notices: ReviewNotices;
  /** Where changes of the grants are told. */
  readonly journal: EventJournal;
  readonly events: EventFactory;
  /** Gets faults that the operator is told nothing of. */
  readonly log?: Logger;
  /** Gets `postern_review_overdue`. */
  readonly metrics?: Metrics;
}

/** The admin API over the given ports. */
@Module({})
export class ControlModule {
  static register(parts: ControlParts): DynamicModule {
    const operators = new AdminOperators(operatorAuthentication(parts), parts.publicOrigin);
    const reviews = new Reviews(parts);
    if (parts.metrics !== undefined) reviews.countIn(parts.metrics);
    const tell =
      (what: string) =>
      (failure: unknown): void => {
        parts.log?.error({ err: failure }, what);
      };
    return {
      module: ControlModule,
      controllers: [AdminController, ExplainController],
      providers: [
        provide(HandleStore, parts.handles),
        provide(RevokeHandles, new RevokeHandles(parts)),
        provide(AdminOperators, operators),
        provide(Reviews, reviews),
        provide(Explanations, new Explanations(parts)),
        provide(Rounds, roundsOf(parts, tell('a round of the control process failed'))),
        provide(AdminFaults, new AdminFaults(tell('an admin request failed'))),
      ],
    };
  }

  /** The admin API takes JSON, and nothing else. */
  static configure(app: NestFastifyApplication): void {
    app.useBodyParser('application/json');
  }
}

/** What control does unasked: tells of reviews that are near, and of grants that change. */
function roundsOf(parts: ControlParts, onFault: (failure: unknown) => void): Rounds {
  const cadence = new ReviewCadence(parts);
  const policy = PolicyJournal.over({ ...parts, onFault });
  return new Rounds({ duties: [() => policy.flush(), (signal) => cadence.check(signal)], onFault });
}
