import { type DynamicModule, Module } from '@nestjs/common';
import { openPolicy, type OpenPolicy } from '#adapters/files';
import { checkKeyFiles, HttpTokenIntrospector, vaultClientSecrets } from '#adapters/issuers';
import {
  openProofs,
  orderStores,
  PostgresCallLedger,
  PostgresCanaryStore,
  PostgresCredentialCensus,
  PostgresEvidence,
  PostgresHandleStore,
  PostgresReviewNotices,
  PostgresStandingRestrictions,
  type Proofs,
  rulePlaceOf,
} from '#adapters/postgres';
import { probeBreached } from '#events';
import { BudgetedCallLedger } from '#injection';
import {
  AdminModule,
  type AppContext,
  type HttpHost,
  type RunningApp,
  type RunningProber,
  startHttpHost,
  startProber,
} from '#platform';
import {
  ControlModule,
  type ControlParts,
  openCommands,
  openLeakReporters,
  openDetection,
  openRotation,
} from '../../control/src/control.module.js';
import { callProbes } from '../../proxy/src/call-prober.module.js';
import {
  openCallPath,
  ProxyModule,
  type ProxyService,
  RevocationFeed,
} from '../../proxy/src/proxy.module.js';
import { openAudit, type OpenAudit, postgresRelay } from '../../relay/src/postgres-relay.module.js';
import {
  addRotatorHealth,
  Rotator,
  RotatorModule,
  rotationStores,
} from '../../rotator/src/rotator.module.js';
import {
  addSentinelHealth,
  Sentinel,
  SentinelModule,
  sentinelStores,
} from '../../sentinel/src/sentinel.module.js';
import { exchangeProbes } from '../../sts/src/exchange-prober.module.js';
import { openStsParts, type OpenStsParts } from '../../sts/src/sts-parts.module.js';
import { StsModule, type StsParts } from '../../sts/src/sts.module.js';
import { openServers, type Servers } from './servers.js';

/** Calls in flight had their time while the listener closed. */
const DRAIN_MS = 1_000;

/** All of Postern in one process: the same modules as the apps, over embedded adapters where no server is named. */
export async function startStandalone(context: AppContext): Promise<RunningApp> {
  const { config, clock, log } = context;
  const onProblem = (message: string): void => log.warn(message);
  const policy = await openPolicy(config, { clock, onProblem });
  await checkKeyFiles(policy.registrations);
  const servers = await openServers(context);
  return serve(context, policy, servers).catch(async (failure: unknown) => {
    await policy.grants.close();
    await servers.close(); // An embedded server would go on running without us.
    throw failure;
  });
}

async function serve(
  context: AppContext,
  policy: OpenPolicy,
  servers: Servers,
): Promise<RunningApp> {
  const { config, health } = context;
  health.add('postgresql', () => servers.database.ping());
  health.add('grants', () => policy.grants.trouble());
  const clientSecretOf = vaultClientSecrets({ store: servers.secrets, clock: context.clock });
  const parts = await openStsParts(context, policy, {
    database: servers.database,
    component: 'standalone',
    introspector: new HttpTokenIntrospector({ clientSecretOf }),
  });
  const ledger = new PostgresCallLedger(servers.database, { onProblem: problemLog(context) });
  const proxy = callPath(context, parts, {
    servers,
    ledger,
    ...(await openProofs(servers.database, 'proxy', config.dpop.nonces)),
  });
  const publicHost = await startPublicHost(context, parts, proxy);
  proxy.start(publicHost.server); // At once: no call is under way that is not asked about, however long the rest takes.
  health.add('credentials', proxy.credentialTrouble);
  const control = { ...parts, ...policy, ...controlStores(context, parts, servers) };
  const commands = await openCommands(context, control);
  const adminHost = await startAdminHost(context, control, servers);
  const revocations = await readRevocations(context, servers, proxy);
  const prober = startProbers(context, parts, publicHost);
  return {
    serves: `${config.publicOrigin} (${servers.summary}, ${commands.summary})`,
    stop: async (deadlineMs) => {
      await prober.stop();
      await publicHost.close(deadlineMs);
      await proxy.close(DRAIN_MS);
      await ledger.close();
      await revocations.stop(); // After what is still to be written: Kafka may take its time.
      await commands.close();
      await parts.outboxWatch.stop();
      await adminHost.close(0); // The relay publishes until here.
      await policy.grants.close();
      await servers.close();
    },
  };
}

/** What the admin API asks besides what the STS has. */
const controlStores = (
  { config, clock }: AppContext,
  { events }: StsParts,
  { database }: Servers,
): Pick<
  ControlParts,
  'suspensions' | 'receipts' | 'states' | 'rotation' | 'detection' | 'canaries' | 'leakReporters'
> => ({
  ...orderStores(database),
  rotation: openRotation(config, database),
  detection: openDetection(config, database, events),
  canaries: new PostgresCanaryStore(database),
  leakReporters: openLeakReporters(config, clock),
});

const startPublicHost = (
  context: AppContext,
  parts: StsParts,
  proxy: ProxyService,
): Promise<HttpHost> =>
  startHttpHost({
    module: PublicModule.register(parts, proxy),
    log: context.log,
    listen: context.config.listen.public,
    certificate: context.certificates.of('public'),
    before: proxy.handle,
    refused: proxy.refused,
    configure: (app) => StsModule.configure(app),
  });

async function readRevocations(
  context: AppContext,
  { bus }: Servers,
  proxy: ProxyService,
): Promise<RevocationFeed> {
  const { clock, health, metrics } = context;
  const onProblem = problemLog(context);
  const feed = await RevocationFeed.start({ bus, proxy, clock, metrics, onProblem });
  health.add('revocations', feed.trouble);
  return feed;
}

/** Asks at both doors. */
const startProbers = (
  context: AppContext,
  { journal, events, ...parts }: StsParts,
  { address }: HttpHost,
): RunningProber =>
  startProber(context, {
    address,
    probes: (target) => [
      ...exchangeProbes({ ...parts, config: context.config, target }),
      ...callProbes(context.config, target),
    ],
    record: (breach) => journal.append([probeBreached(events, breach)]),
  });

/** What the public listener serves besides raw calls. */
@Module({})
class PublicModule {
  static register(parts: StsParts, proxy: ProxyService): DynamicModule {
    return {
      module: PublicModule,
      imports: [StsModule.register(parts), ProxyModule.register(proxy)],
    };
  }
}

function callPath(
  context: AppContext,
  { handles, life, journal, events, evidence, canaries }: OpenStsParts,
  {
    servers,
    ledger,
    ...stores
  }: Proofs & { readonly servers: Servers; readonly ledger: PostgresCallLedger },
): ProxyService {
  const { config, clock, metrics } = context;
  return openCallPath({
    config,
    clock,
    metrics,
    handles,
    life,
    journal,
    events,
    canaries,
    ...stores,
    confirming: new PostgresHandleStore(servers.recheckDatabase),
    ledger: new BudgetedCallLedger({ ledger, budget: evidence }),
    secrets: servers.secrets,
    census: new PostgresCredentialCensus(servers.recheckDatabase, events),
    standing: new PostgresStandingRestrictions(servers.recheckDatabase),
    onProblem: problemLog(context),
    // Its embedded database is ours alone: no other proxy can have calls in flight.
    ...(servers.isOurs ? { sweepAllBefore: clock.now() } : {}),
  });
}

const problemLog =
  ({ log }: AppContext) =>
  (message: string, err: unknown): void =>
    log.warn({ err }, message);

async function startAdminHost(
  context: AppContext,
  parts: Omit<ControlParts, 'evidence' | 'notices'>,
  servers: Servers,
): Promise<HttpHost> {
  const { health, metrics, log, config } = context;
  const audit = await openAudit(context, servers.database, 'standalone');
  return startHttpHost({
    module: AdminModule.register(health, metrics, [
      ControlModule.register({
        ...parts,
        evidence: new PostgresEvidence(servers.database),
        notices: new PostgresReviewNotices(servers.database),
        unusedGrants: config.detection.unusedGrants,
        log,
        metrics,
      }),
      relayOf(context, servers, audit),
      rotatorOf(context, servers),
      sentinelOf(context, servers),
    ]),
    listen: config.listen.admin,
    certificate: context.certificates.of('admin'),
    configure: (app) => ControlModule.configure(app),
  });
}

const relayOf = (
  context: AppContext,
  { bus, database, deadLetters }: Servers,
  audit: OpenAudit | undefined,
): DynamicModule =>
  postgresRelay(context, {
    ...{ bus, database, deadLetters, component: 'standalone' },
    ...(audit === undefined ? {} : { audit }),
    onStart: (relay) => {
      context.health.add('relay', () => relay.trouble ?? relay.note);
    },
  });

/** Where no resource is rotated it says nothing: most have no need of it. */
function rotatorOf(context: AppContext, servers: Servers): DynamicModule {
  const { secrets, values, wraps, database } = servers;
  const stores = rotationStores(database);
  const rotator = new Rotator({
    ...{ context, stores, secrets, values, wraps, component: 'standalone' },
  });
  if (rotator.isNeeded) addRotatorHealth(context.health, rotator, () => database.ping());
  return RotatorModule.register(rotator);
}

function sentinelOf(context: AppContext, servers: Servers): DynamicModule {
  const { bus, deadLetters, candidates, lines, database } = servers;
  const stores = sentinelStores(database, rulePlaceOf(context.config));
  const sentinel = new Sentinel({
    ...{ context, stores, bus, deadLetters, component: 'standalone' },
    ...(candidates === undefined ? {} : { candidates }),
    ...(lines === undefined ? {} : { lines }),
  });
  addSentinelHealth(context.health, sentinel, () => database.ping());
  return SentinelModule.register(sentinel);
}
