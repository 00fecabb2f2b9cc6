import { openPolicy } from '#adapters/files';
import { checkKeyFiles, IssuerKeySource } from '#adapters/issuers';
import {
  openProofs,
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
  runApp,
  type RunningApp,
  startHttpHost,
} from '#platform';
import { ControlModule } from './control.module.js';

async function startControl(context: AppContext): Promise<RunningApp> {
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
  const { environment, publicOrigin, deployment } = config;
  const control = ControlModule.register({
    ...policy,
    environment,
    publicOrigin,
    trustedProxies: config.trustedProxies,
    clientCertificateHeader: config.clientCertificateHeader,
    clock,
    log,
    metrics,
    keys: new IssuerKeySource({ clock, onProblem }),
    ...(await openProofs(database, 'token', config.dpop.nonces)),
    handles: new PostgresHandleStore(database),
    life: new HandleLife(),
    evidence: new PostgresEvidence(database),
    notices: new PostgresReviewNotices(database),
    journal: new PostgresEventJournal(database),
    events: new EventFactory({ clock, environment, deployment, component: 'control' }),
  });
  const host = await startHttpHost({
    module: AdminModule.register(health, metrics, [control]),
    listen: config.listen.admin,
    certificate: context.certificates.of('admin'),
    log,
    configure: (app) => ControlModule.configure(app),
  });
  return {
    serves: `admin API http://${host.address.host}:${host.address.port}/admin/v1`,
    stop: async (deadlineMs) => {
      await host.close(deadlineMs);
      await policy.grants.close();
      await database.close();
    },
  };
}

await runApp('control', startControl);
