import { type DynamicModule, Module } from '@nestjs/common';
import { openPolicy, type OpenPolicy } from '#adapters/files';
import { checkKeyFiles, IssuerKeySource } from '#adapters/issuers';
import {
  PostgresCallLedger,
  PostgresEventJournal,
  PostgresHandleStore,
  PostgresOutbox,
  PostgresSubjectTokenUses,
} from '#adapters/postgres';
import { EventFactory } from '#events';
import {
  AdminModule,
  type AppContext,
  type HttpHost,
  type RunningApp,
  startHttpHost,
} from '#platform';
import { ControlModule } from '../../control/src/control.module.js';
import { openCallPath, ProxyModule, type ProxyService } from '../../proxy/src/proxy.module.js';
import { RelayModule } from '../../relay/src/relay.module.js';
import { StsModule, type StsParts } from '../../sts/src/sts.module.js';
import { openServers, type Servers } from './servers.js';

/** Calls in flight had their time while the listener closed. */
const DRAIN_MS = 1_000;

/** All of Postern in one process: the same modules as the apps, over embedded adapters where no server is named. */
export async function startStandalone(context: AppContext): Promise<RunningApp> {
  const { config, clock, log } = context;
  const onProblem = (message: string): void => log.warn(message);
  const policy = await openPolicy(config, { clock, onProblem });
  await checkKeyFiles(policy.issuers.all());
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
  const parts = stsParts(context, policy, servers);
  const ledger = new PostgresCallLedger(servers.database, { onProblem: problemLog(context) });
  const proxy = callPath(context, parts, { servers, ledger });
  const publicHost = await startHttpHost({
    module: PublicModule.register(parts, proxy),
    log: context.log,
    listen: config.listen.public,
    before: proxy.handle,
    configure: (app) => StsModule.configure(app),
  });
  const adminHost = await startAdminHost(context, parts, servers);
  proxy.start(publicHost.server);
  return {
    serves: `${config.publicOrigin} (${servers.summary})`,
    stop: async (deadlineMs) => {
      await publicHost.close(deadlineMs);
      await proxy.close(DRAIN_MS);
      await ledger.close();
      await adminHost.close(0); // The relay publishes until here.
      await policy.grants.close();
      await servers.close();
    },
  };
}

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

function stsParts(
  { config, clock, log }: AppContext,
  policy: OpenPolicy,
  { database }: Servers,
): StsParts {
  const { environment, publicOrigin, deployment } = config;
  return {
    ...policy,
    environment,
    publicOrigin,
    clock,
    keys: new IssuerKeySource({ clock, onProblem: (message) => log.warn(message) }),
    handles: new PostgresHandleStore(database),
    uses: new PostgresSubjectTokenUses(database),
    journal: new PostgresEventJournal(database),
    events: new EventFactory({ clock, environment, deployment, component: 'standalone' }),
    trustedProxies: config.trustedProxies,
    onFault: (err) => log.error({ err }, 'a request failed'),
  };
}

function callPath(
  context: AppContext,
  { handles, journal, events }: StsParts,
  { servers, ledger }: { readonly servers: Servers; readonly ledger: PostgresCallLedger },
): ProxyService {
  const { config, clock, metrics } = context;
  return openCallPath({
    config,
    clock,
    metrics,
    handles,
    journal,
    events,
    ledger,
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

function startAdminHost(context: AppContext, parts: StsParts, servers: Servers): Promise<HttpHost> {
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
      ControlModule.register({ ...parts, log, metrics }),
      relay,
    ]),
    listen: config.listen.admin,
    configure: (app) => ControlModule.configure(app),
  });
}
