import { PostgresDatabase, requireMigrated } from '#adapters/postgres';
import { openPolicy } from '#adapters/files';
import { checkKeyFiles } from '#adapters/issuers';
import { probeBreached } from '#events';
import {
  AdminModule,
  type AppContext,
  requireServers,
  type RunningApp,
  startHttpHost,
  startProber,
} from '#platform';
import { exchangeProbes } from './exchange-prober.module.js';
import { openIntrospector } from './open-introspector.js';
import { openStsParts } from './sts-parts.module.js';
import { StsModule } from './sts.module.js';

export async function startSts(context: AppContext): Promise<RunningApp> {
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
  const parts = await openStsParts(context, policy, {
    database,
    component: 'sts',
    introspector: await openIntrospector(context, policy.issuers),
  });
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
