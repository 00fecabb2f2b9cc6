import { type DynamicModule, Module } from '@nestjs/common';
import { openPolicy, type OpenPolicy } from '#adapters/files';
import { checkKeyFiles, HttpTokenIntrospector, vaultClientSecrets } from '#adapters/issuers';
import {
  openProofs,
  orderStores,
  PostgresCallLedger,
  PostgresEvidence,
  PostgresOutbox,
  PostgresReviewNotices,
  type Proofs,
} from '#adapters/postgres';
import { probeBreached } from '#events';
import {
  AdminModule,
  type AppContext,
  type HttpHost,
  type RunningApp,
  type RunningProber,
  startHttpHost,
  startProber,
} from '#platform';
import { ControlModule } from '../../control/src/control.module.js';
import { callProbes } from '../../proxy/src/call-prober.module.js';
import { openCallPath, ProxyModule, type ProxyService } from '../../proxy/src/proxy.module.js';
import { RelayModule } from '../../relay/src/relay.module.js';
import { exchangeProbes } from '../../sts/src/exchange-prober.module.js';
import { openStsParts } from '../../sts/src/sts-parts.module.js';
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
  const publicHost = await startHttpHost({
    module: PublicModule.register(parts, proxy),
    log: context.log,
    listen: config.listen.public,
    certificate: context.certificates.of('public'),
    before: proxy.handle,
    refused: proxy.refused,
    configure: (app) => StsModule.configure(app),
  });
  const adminHost = await startAdminHost(context, { ...parts, ...policy }, servers);
  proxy.start(publicHost.server);
  const prober = startProbers(context, parts, publicHost);
  return {
    serves: `${config.publicOrigin} (${servers.summary})`,
    stop: async (deadlineMs) => {
      await prober.stop();
      await publicHost.close(deadlineMs);
      await proxy.close(DRAIN_MS);
      await ledger.close();
      await adminHost.close(0); // The relay publishes until here.
      await policy.grants.close();
      await servers.close();
    },
  };
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
  { handles, life, journal, events }: StsParts,
  {
    servers,
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
    ...stores,
    secrets: servers.secrets,
    onProblem: problemLog(context),
    // Its embedded database is ours alone: no other proxy can have calls in flight.
    ...(servers.isOurs ? { sweepAllBefore: clock.now() } : {}),
  });
}

const problemLog =
  ({ log }: AppContext) =>
  (message: string, err: unknown): void =>
    log.warn({ err }, message);

function startAdminHost(
  context: AppContext,
  parts: StsParts & OpenPolicy,
  servers: Servers,
): Promise<HttpHost> {
  const { health, metrics, log, clock, config } = context;
  const outbox = new PostgresOutbox(servers.database);
  const relay = RelayModule.register({
    outbox,
    bus: servers.bus,
    clock,
    metrics,
    onProblem: (message) => log.warn(message),
    maintain: () => outbox.maintain(),
  });
  return startHttpHost({
    module: AdminModule.register(health, metrics, [
      ControlModule.register({
        ...parts,
        evidence: new PostgresEvidence(servers.database),
        notices: new PostgresReviewNotices(servers.database),
        ...orderStores(servers.database),
        log,
        metrics,
      }),
      relay,
    ]),
    listen: config.listen.admin,
    certificate: context.certificates.of('admin'),
    configure: (app) => ControlModule.configure(app),
  });
}
