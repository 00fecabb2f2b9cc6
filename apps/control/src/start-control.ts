import { openPolicy, type OpenPolicy } from '#adapters/files';
import { checkKeyFiles, IssuerKeySource } from '#adapters/issuers';
import {
  openProofs,
  orderStores,
  PostgresCanaryStore,
  PostgresDatabase,
  PostgresEventJournal,
  PostgresEvidence,
  PostgresHandleStore,
  PostgresReviewNotices,
  requireMigrated,
} from '#adapters/postgres';
import { EventFactory } from '#events';
import { HandleLife } from '#handles';
import {
  AdminModule,
  type AppContext,
  requireServers,
  type RunningApp,
  startHttpHost,
} from '#platform';
import {
  ControlModule,
  type ControlParts,
  openCommands,
  openLeakReporters,
  openDetection,
  openRotation,
} from './control.module.js';

/**
 * The admin API, the receiver of security events and the reader of commands.
 * @throws ConfigError, DependencyUnavailable
 */
export async function startControl(context: AppContext): Promise<RunningApp> {
  const { config, clock, log, health, metrics } = context;
  const { databaseUrl } = requireServers(context.settings, ['databaseUrl']);
  const onProblem = (message: string): void => log.warn(message);
  const policy = await openPolicy(config, { clock, onProblem });
  await checkKeyFiles(policy.registrations);
  const database = await PostgresDatabase.connect({
    url: databaseUrl,
    applicationName: 'postern-control',
  });
  await requireMigrated(database);
  health.add('postgresql', () => database.ping());
  health.add('grants', () => policy.grants.trouble());
  const parts = await partsOf(context, policy, database);
  const commands = await openCommands(context, parts);
  const host = await startHttpHost({
    module: AdminModule.register(health, metrics, [ControlModule.register(parts)]),
    listen: config.listen.admin,
    certificate: context.certificates.of('admin'),
    log,
    configure: (app) => ControlModule.configure(app),
  });
  return {
    serves: `admin API http://${host.address.host}:${host.address.port}/admin/v1, ${commands.summary}`,
    stop: async (deadlineMs) => {
      await commands.close();
      await host.close(deadlineMs);
      await policy.grants.close();
      await database.close();
    },
  };
}

async function partsOf(
  { config, clock, log, metrics }: AppContext,
  policy: OpenPolicy,
  database: PostgresDatabase,
): Promise<ControlParts> {
  const { environment, publicOrigin, deployment } = config;
  const events = new EventFactory({ clock, environment, deployment, component: 'control' });
  return {
    ...policy,
    environment,
    publicOrigin,
    unusedGrants: config.detection.unusedGrants,
    trustedProxies: config.trustedProxies,
    clientCertificateHeader: config.clientCertificateHeader,
    clock,
    log,
    metrics,
    keys: new IssuerKeySource({ clock, onProblem: (message) => log.warn(message) }),
    ...(await openProofs(database, 'token', config.dpop.nonces)),
    handles: new PostgresHandleStore(database),
    ...orderStores(database),
    rotation: openRotation(config, database),
    detection: openDetection(config, database, events),
    canaries: new PostgresCanaryStore(database),
    leakReporters: openLeakReporters(config, clock),
    life: new HandleLife(),
    evidence: new PostgresEvidence(database),
    notices: new PostgresReviewNotices(database),
    journal: new PostgresEventJournal(database),
    events,
  };
}
