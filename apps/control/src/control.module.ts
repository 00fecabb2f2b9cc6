import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { UpkeepOfDetections } from '#detection';
import { type EventFactory, type EventJournal, type Evidence } from '#events';
import {
  type CanaryStore,
  type DpopNonces,
  type HandleLife,
  HandleStore,
  type OrderReceipts,
  type ProofUses,
  type RevocationStates,
  Suspensions,
} from '#handles';
import { type IssuerRegistry, type KeySource, type SignalTransmitter } from '#identity';
import { type Clock, secondsAfter } from '#kernel';
import {
  ChangeHandles,
  clearedEvent,
  LEAK_REPORT_BYTES_MAX,
  type LeakReporter,
  operatorAuthentication,
  ReceiveLeakReport,
  ReceiveSecurityEvent,
  ReviewCadence,
  type ReviewNotices,
} from '#oauth';
import {
  ClientCertificates,
  type Logger,
  type Metrics,
  type PosternConfig,
  provide,
  Rounds,
  TrustedProxies,
} from '#platform';
import { type ObservableGrantSource, type ResourceSet } from '#policy';
import { AdminFaults } from './admin-faults.js';
import { AdminOperators } from './admin-operators.js';
import { AdminController } from './admin.controller.js';
import { Canaries } from './canaries.js';
import { CanariesController } from './canaries.controller.js';
import { CarryOutResponse } from './carry-out-response.js';
import { DetectionsController } from './detections.controller.js';
import { type DetectionPorts } from './detection-ports.js';
import { Detections } from './detections.js';
import { ExplainController } from './explain.controller.js';
import { Explanations } from './explanations.js';
import {
  LEAK_REPORT_TYPE,
  LEAK_REPORTS_PATH,
  LeakReportsController,
} from './leak-reports.controller.js';
import { OrdersController } from './orders.controller.js';
import { PolicyJournal } from './policy-journal.js';
import { receivingParts } from './receiving-parts.js';
import { ResponseLoop } from './response-loop.js';
import { responseObserver } from './response-metrics.js';
import { Restrictions } from './restrictions.js';
import { RestrictionsController } from './restrictions.controller.js';
import { Reviews } from './reviews.js';
import { RotationsController } from './rotations.controller.js';
import { type RotationPorts, Rotations } from './rotations.js';
import { SECURITY_EVENT_TYPE, SecurityEventsController } from './security-events.controller.js';
import { StandingList } from './standing-list.js';

export { openLeakReporters } from './open-leak-reporters.js';
export { openDetection } from './open-detection.js';
export { openCommands, type OpenCommands } from './open-commands.js';
export { openRotation } from './open-rotation.js';

/** So long after the last handle of a target expired it is taken from the topic of revocations. */
const STATE_KEPT_SECONDS = 24 * 60 * 60;

/** The ports and settings that the admin API is made of. */
export interface ControlParts {
  readonly environment: string;
  readonly publicOrigin: string;
  /** Addresses and CIDRs of proxies whose X-Forwarded-For and certificate header are believed; default none. */
  readonly trustedProxies?: readonly string[];
  readonly clientCertificateHeader?: PosternConfig['clientCertificateHeader'];
  readonly clock: Clock;
  readonly issuers: IssuerRegistry;
  readonly keys: KeySource;
  /** Who may send security events. */
  readonly transmitters: readonly SignalTransmitter[];
  readonly resources: ResourceSet;
  readonly grants: ObservableGrantSource;
  readonly handles: HandleStore;
  /** What is remembered of orders: which suspensions stand, which signed ones were carried out, what was told of them. */
  readonly suspensions: Suspensions;
  readonly receipts: OrderReceipts;
  readonly states: RevocationStates;
  /** The one of this process. */
  readonly life: HandleLife;
  readonly proofUses: ProofUses;
  /** Undefined: DPoP proofs need no nonce. */
  readonly nonces: DpopNonces | undefined;
  readonly rotation: RotationPorts;
  /** What the sentinel raised and ordered. */
  readonly detection: DetectionPorts;
  readonly canaries: CanaryStore;
  /** Who may report that handles lie in public. */
  readonly leakReporters: readonly LeakReporter[];
  /** What was recorded of a request, to explain it. */
  readonly evidence: Evidence;
  /** In seconds, by the id of a grant: after how long without use it counts as stale. Default: as for all. */
  readonly unusedGrants?: Readonly<Record<string, number>>;
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
    const changes = new ChangeHandles(parts);
    const restrictions = new Restrictions({ ...parts, ...parts.detection });
    const effects = new CarryOutResponse({ ...parts, changes, restrictions });
    const observer = responseObserver(parts.metrics, parts.log);
    const { orders } = parts.detection;
    const reviews = new Reviews(parts);
    if (parts.metrics !== undefined) reviews.countIn(parts.metrics);
    const tell =
      (what: string) =>
      (failure: unknown): void => {
        parts.log?.error({ err: failure }, what);
      };
    const onRoundFault = tell('a round of the control process failed');
    return {
      module: ControlModule,
      controllers: [
        AdminController,
        OrdersController,
        RotationsController,
        DetectionsController,
        RestrictionsController,
        CanariesController,
        ExplainController,
        SecurityEventsController,
        LeakReportsController,
      ],
      providers: [
        provide(HandleStore, parts.handles),
        provide(Suspensions, parts.suspensions),
        provide(ChangeHandles, changes),
        provide(ReceiveSecurityEvent, new ReceiveSecurityEvent(receivingParts(parts))),
        provide(AdminOperators, operatorsOf(parts)),
        provide(Reviews, reviews),
        provide(Rotations, new Rotations(parts)),
        provide(Detections, new Detections({ ...parts, effects })),
        provide(ResponseLoop, new ResponseLoop({ ...parts, orders, effects, observer })),
        provide(Canaries, new Canaries(parts)),
        provide(Restrictions, restrictions),
        ...leakReportsOf(parts, changes, tell('refused reports cannot be told of yet')),
        provide(Explanations, new Explanations(parts)),
        provide(Rounds, roundsOf(parts, restrictions, onRoundFault)),
        { provide: 'old-detections', useValue: oldDetections(parts, onRoundFault) },
        provide(AdminFaults, new AdminFaults(tell('an admin request failed'))),
      ],
    };
  }

  /** The admin API takes JSON; a security event comes in its own type, and is kept as the text that it is. */
  static configure(app: NestFastifyApplication): void {
    app.useBodyParser('application/json');
    const fastify = app.getHttpAdapter().getInstance();
    fastify.addContentTypeParser(
      SECURITY_EVENT_TYPE,
      { parseAs: 'string' },
      (_request: unknown, body: string) => Promise.resolve(body),
    );
    fastify.addContentTypeParser(
      LEAK_REPORT_TYPE,
      { parseAs: 'buffer', bodyLimit: LEAK_REPORT_BYTES_MAX },
      (_request: unknown, body: Buffer) => Promise.resolve(body),
    );
    // Its signature is over its bytes: they are kept as they came, whatever they say that they are.
    fastify.addHook('onRequest', (request, _reply, done) => {
      const [path] = request.url.split('?', 1);
      if (path === LEAK_REPORTS_PATH) request.headers['content-type'] = LEAK_REPORT_TYPE;
      done();
    });
  }
}

const FLUSH_EVERY_MS = 1_000;
const CLOSE_EVERY_MS = 3_600_000;

function leakReportsOf(
  parts: ControlParts,
  changes: ChangeHandles,
  onFault: (failure: unknown) => void,
): Provider[] {
  const reports = new ReceiveLeakReport({ ...parts, reporters: parts.leakReporters, changes });
  const rounds = new Rounds({
    duties: [() => reports.flushDue()],
    onFault,
    everyMs: FLUSH_EVERY_MS,
  });
  return [provide(ReceiveLeakReport, reports), { provide: 'leak-report-rounds', useValue: rounds }];
}

function operatorsOf(parts: ControlParts): AdminOperators {
  const { publicOrigin, trustedProxies = [], clientCertificateHeader } = parts;
  return new AdminOperators({
    operators: operatorAuthentication(parts),
    publicOrigin,
    trustedProxies: new TrustedProxies(trustedProxies),
    certificates: new ClientCertificates({ trustedProxies, clientCertificateHeader }),
  });
}

/** What control does unasked: tells of reviews that are near and of grants that change, and forgets what is over. */
function roundsOf(
  parts: ControlParts,
  restrictions: Restrictions,
  onFault: (failure: unknown) => void,
): Rounds {
  const cadence = new ReviewCadence(parts);
  const policy = PolicyJournal.over({ ...parts, onFault });
  const { unusedGrants = {}, resources } = parts;
  const ids = resources.all.map(({ id }) => id);
  const standing = new StandingList({ ...parts, unusedGrants, resources: ids });
  return new Rounds({
    duties: [
      () => policy.flush(),
      () => standing.tellDaily(),
      (signal) => cadence.check(signal),
      ...forgetting(parts),
      () => restrictions.forget(),
    ],
    onFault,
  });
}

/** Every hour: the sentinel, which raises detections, has no right to close them. */
function oldDetections(
  { detection, events, clock }: ControlParts,
  onFault: (failure: unknown) => void,
): Rounds {
  const upkeep = new UpkeepOfDetections({ store: detection.store, events, clock });
  return new Rounds({ duties: [() => upkeep.closeOld()], onFault, everyMs: CLOSE_EVERY_MS });
}

function forgetting({
  clock,
  states,
  suspensions,
  receipts,
  events,
}: ControlParts): (() => Promise<unknown>)[] {
  return [
    () =>
      states.clear(secondsAfter(clock.now(), -STATE_KEPT_SECONDS), (target) =>
        clearedEvent(events, target),
      ),
    () => suspensions.forgetExpired(clock.now()),
    () => receipts.purge(clock.now()),
  ];
}
