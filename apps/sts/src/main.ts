import {
  openProofs,
  PostgresDatabase,
  PostgresEventJournal,
  PostgresHandleStore,
  PostgresSubjectTokenUses,
  requireMigrated,
} from '#adapters/postgres';
import { openPolicy, type OpenPolicy } from '#adapters/files';
import { checkKeyFiles, IssuerKeySource } from '#adapters/issuers';
import { EventFactory, probeBreached } from '#events';
import { HandleLife } from '#handles';
import {
  AdminModule,
  type AppContext,
  requireServers,
  runApp,
  type RunningApp,
  startHttpHost,
  startProber,
} from '#platform';
import { exchangeProbes } from './exchange-prober.module.js';
import { openIntrospector } from './open-introspector.js';
import { StsModule, type StsParts } from './sts.module.js';

async function startSts(context: AppContext): Promise<RunningApp> {
  const { config, clock, log, health, metrics } = context;
  const { databaseUrl } = requireServers(context.settings, ['databaseUrl']);
  const onProblem = (message: string): void => log.warn(message);
  const policy = await openPolicy(config, { clock, onProblem });
  await checkKeyFiles(policy.registrations);
  const database = await PostgresDatabase.connect({
    url: databaseUrl,
    applicationName: 'postern-sts',
  });
  await requireMigrated(database);
  health.add('postgresql', () => database.ping());
  health.add('grants', () => policy.grants.trouble());
  const parts = await stsParts(context, policy, database);
  const publicHost = await startHttpHost({
    module: StsModule.register(parts),
    listen: config.listen.public,
    certificate: context.certificates.of('public'),
    log,
    configure: (app) => StsModule.configure(app),
  });
  const adminHost = await startHttpHost({
    module: AdminModule.register(health, metrics),
    listen: config.listen.admin,
    certificate: context.certificates.of('admin'),
    log,
  });
  const prober = startProber(context, {
    address: publicHost.address,
    probes: (target) => exchangeProbes({ ...parts, config, target }),
    record: (breach) => parts.journal.append([probeBreached(parts.events, breach)]),
  });
  return {
    serves: `token endpoint ${config.publicOrigin}/oauth2/token`,
    stop: async (deadlineMs) => {
      await prober.stop();
      await publicHost.close(deadlineMs);
      await policy.grants.close();
      await database.close();
      await adminHost.close(0);
    },
  };
}

async function stsParts(
  context: AppContext,
  policy: OpenPolicy,
  database: PostgresDatabase,
): Promise<StsParts> {
  const { config, clock, log } = context;
  const { environment, publicOrigin, deployment } = config;
  return {
    ...policy,
    environment,
    publicOrigin,
    clock,
    keys: new IssuerKeySource({ clock, onProblem: (message) => log.warn(message) }),
    handles: new PostgresHandleStore(database),
    life: new HandleLife(),
    uses: new PostgresSubjectTokenUses(database),
    journal: new PostgresEventJournal(database),
    events: new EventFactory({ clock, environment, deployment, component: 'sts' }),
    ...(await openProofs(database, 'token', config.dpop.nonces)),
    introspector: await openIntrospector(context, policy.issuers),
    trustedProxies: config.trustedProxies,
    clientCertificateHeader: config.clientCertificateHeader,
    onFault: (err) => log.error({ err }, 'a request failed'),
  };
}

await runApp('sts', startSts);
