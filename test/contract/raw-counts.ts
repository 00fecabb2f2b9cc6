import { type PostgresDatabase } from '#adapters/postgres';

/** What the sums of exchanges are to be, from the events themselves. */
const RAW_EXCHANGE_COUNTS = `
  select to_timestamp(floor(extract(epoch from at) / 300) * 300) as bucket, subject_id, coalesce(resource, '') as resource,
    coalesce(zone, '') as zone, coalesce(client_ip, '') as client_ip, sum(occurrences) as exchanges,
    coalesce(sum(occurrences) filter (where outcome = 'permitted'), 0) as permitted
  from exchanges where subject_id is not null group by 1, 2, 3, 4, 5`;

/** And those of uses. */
const RAW_USE_COUNTS = `
  select to_timestamp(floor(extract(epoch from at) / 3600) * 3600) as bucket, handle_id, coalesce(resource, '') as resource,
    coalesce(zone, '') as zone, coalesce(agent, '') as agent, sum(occurrences) as uses,
    cast(coalesce(sum(bytes_out), 0) as bigint) as bytes_out
  from uses where handle_id is not null group by 1, 2, 3, 4, 5`;

/** From now on the rules of this database compute their sums from the events, and read none that was kept beside them. */
export async function countFromEvents(owner: PostgresDatabase): Promise<void> {
  await owner.query(`
    drop view exchange_counts, use_counts;
    create view exchange_counts as ${RAW_EXCHANGE_COUNTS};
    create view use_counts as ${RAW_USE_COUNTS};
    grant select on exchange_counts, use_counts to postern_sentinel`);
}

/** Sums that were kept and are not what the events say, and the reverse. */
export async function differences(owner: PostgresDatabase): Promise<readonly object[]> {
  const one = await owner.query(bothWays('exchange_rollup', RAW_EXCHANGE_COUNTS));
  return [...one, ...(await owner.query(bothWays('use_rollup', RAW_USE_COUNTS)))];
}

const bothWays = (table: string, raw: string): string => `
  (select * from ${table} except (${raw})) union all ((${raw}) except select * from ${table})`;
