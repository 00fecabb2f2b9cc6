import { randomUUID } from 'node:crypto';
import {
  PostgresDatabase,
  PostgresDryRunRequests,
  PostgresResponseRecords,
  PostgresSoleDuty,
} from '#adapters/postgres';
import { type SoleDuty } from '#detection';
import { sha256 } from '#kernel';
import { dryRunRequestsContract, responseRecordsContract, soleDutyContract } from '#testing';
import { describeWithServer } from '#test-support';
import { until } from '../support/until.js';
import { DetectionFixture } from './detection-fixture.js';

describeWithServer('what sentinel and control share in PostgreSQL', 'postgres-18', () => {
  let fixture: DetectionFixture;
  beforeAll(async () => {
    fixture = await DetectionFixture.open(18);
  });
  beforeEach(async () => {
    await fixture.reset();
    await fixture.server.database.query('delete from dry_run_request');
  });
  afterAll(() => fixture.close());

  responseRecordsContract(async () => {
    const { store, orders } = await fixture.stores();
    const records = new PostgresResponseRecords(await fixture.as('postern_control', 1));
    return { store, orders, records };
  });

  dryRunRequestsContract(async () => ({
    asking: new PostgresDryRunRequests(await fixture.as('postern_control', 1)),
    taking: new PostgresDryRunRequests(await fixture.as('postern_sentinel', 2)),
    tried: async ({ rule, at, found, by }) => {
      await fixture.server.database.query(
        'insert into rule_dry_run (rule, settings_digest, at, found, by) values ($1, $2, $3, $4, $5)',
        [rule, sha256(rule), at, found, by],
      );
    },
  }));

  it('lets control end no request, and the sentinel ask for none', async () => {
    const [control, sentinel] = await Promise.all([
      fixture.as('postern_control', 1),
      fixture.as('postern_sentinel', 1),
    ]);
    await expect(new PostgresDryRunRequests(control).done('D07')).rejects.toThrow(
      'permission denied',
    );
    await expect(
      new PostgresDryRunRequests(sentinel).ask({ rule: 'D07', operatorId: 'sub_operator' }),
    ).rejects.toThrow('permission denied');
  });

  soleDutyContract(async () => {
    const run = randomUUID();
    const names = new Map<SoleDuty, string>();
    const opened: PostgresDatabase[] = [];
    return {
      process: async (name) => {
        const applicationName = `duty-${randomUUID()}`;
        const url = await fixture.server.urlAs('postern_sentinel');
        const database = await PostgresDatabase.connect({ url, applicationName, poolSize: 1 });
        opened.push(database);
        const duty = new PostgresSoleDuty(database, `${name} ${run}`);
        names.set(duty, applicationName);
        return duty;
      },
      // As when its process dies: the server closes what is left of it.
      kill: async (duty) => {
        await fixture.server.database.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
          [names.get(duty)],
        );
      },
      until,
      close: async () => {
        await Promise.all(opened.map((database) => database.close()));
      },
    };
  });
});
