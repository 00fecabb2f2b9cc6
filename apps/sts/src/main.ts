import {
  PostgresDatabase,
  PostgresEventJournal,
  PostgresHandleStore,
  PostgresSubjectTokenUses,
  requireMigrated,
} from '#adapters/postgres';
import { openPolicy } from '#adapters/files';
import { checkKeyFiles, IssuerKeySource } from '#adapters/issuers';
import { EventFactory } from '#events';
import {
  AdminModule,
  type AppContext,
  requireServers,
  runApp,
  type RunningApp,
  startHttpHost,
} from '#platform';
import { StsModule } from './sts.module.js';

async function startSts(context: AppContext): Promise<RunningApp> {
  const { config, clock, log, health, metrics } = context;
  const { databaseUrl } = requireServers(context.settings, ['databaseUrl']);
  const onProblem = (message: string): void => log.warn(message);
  const policy = await openPolicy(config, { clock, onProblem });
  await checkKeyFiles(policy.issuers.all());
  const database = await PostgresDatabase.connect({
    url: databaseUrl,
    applicationName: 'postern-sts',
  });
  await requireMigrated(database);
  health.add('postgresql', () => database.ping());
  health.add('grants', () => policy.grants.trouble());
  const origin = { clock, environment: config.environment, deployment: config.deployment };
  const parts = {
    ...policy,
    environment: config.environment,
    publicOrigin: config.publicOrigin,
    clock,
    keys: new IssuerKeySource({ clock, onProblem }),
    handles: new PostgresHandleStore(database),
    uses: new PostgresSubjectTokenUses(database),
    journal: new PostgresEventJournal(database),
    events: new EventFactory({ ...origin, component: 'sts' }),
    trustedProxies: config.trustedProxies,
    onFault: (err: unknown): void => log.error({ err }, 'a request failed'),
  };
  const publicHost = await startHttpHost({
    module: StsModule.register(parts),
    listen: config.listen.public,
    log,
    configure: (app) => StsModule.configure(app),
  });
  const adminHost = await startHttpHost({
    module: AdminModule.register(health, metrics),
    listen: config.listen.admin,
    log,
  });
  return {
    serves: `token endpoint ${config.publicOrigin}/oauth2/token`,
    stop: async (deadlineMs) => {
      await publicHost.close(deadlineMs);
      await policy.grants.close();
      await database.close();
      await adminHost.close(0);
    },
  };
}

await runApp('sts', startSts);
