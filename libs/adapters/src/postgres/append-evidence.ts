const EVENT = 'event_id, at, recorded_at, env, deployment, partition_key, sequence';

const EXCHANGE = `${EVENT}, outcome, reason, subject_id, issuer, subject_kind, client_ip, zone, zone_name, agent, token_fp, family_id,
  handle_id, exchange_id, prior_exchange_id, prior_env, resource, grant_id, binding, parent_handle_id, token_issued_at,
  handle_expires_at, occurrences`;
const USE = `${EVENT}, outcome, reason, handle_id, handle_fp, subject_id, resource, route, client_ip, zone, zone_name, agent, checksum_ok,
  env_handle, bytes_in, bytes_out, occurrences`;
const CHANGE = `${EVENT}, change, handle_id, family_id, reason, initiator`;
const ROTATION = `${EVENT}, resource, rotation_id, state, trigger, from_version, to_version, initiator_id`;

const insert = (table: string, columns: string, place: number, returned: string): string => `
    insert into public.${table} (${columns})
    select ${columns} from jsonb_populate_recordset(null::public.${table}, $${place}::jsonb)
    on conflict (at, event_id) do nothing returning ${returned}`;

const LISTED = 'deployment, env, kind, item_id';

const COUNTED = 'deployment, partition_key, sequence';

const FIVE_MINUTES = `date_bin('5 minutes', at, timestamptz '2000-01-01 00:00:00+00')`;
const HOUR = `date_bin('1 hour', at, timestamptz '2000-01-01 00:00:00+00')`;

/**
 * Keeps a batch in one statement: the events, and the sums of those that are new. Sums are locked in the order of their
 * keys, so that two writers never wait for each other.
 */
export const APPEND_EVIDENCE = `
  with exchange as (${insert('evidence_exchange', EXCHANGE, 1, `${COUNTED}, event_id, at, env, outcome, subject_id, resource, grant_id, zone, client_ip, occurrences`)}
  ), use as (${insert('evidence_use', USE, 2, `${COUNTED}, at, handle_id, resource, zone, agent, bytes_out, occurrences`)}
  ), change as (${insert('evidence_change', CHANGE, 3, COUNTED)}
  ), rotation as (${insert('evidence_rotation', ROTATION, 4, `${COUNTED}, event_id, at, env, resource, state`)}
  ), listed as (
    insert into public.standing_list as known (${LISTED}, first_listed_at, listed_at, event_id, limit_days)
    select distinct on (${LISTED}) ${LISTED}, min(listed_at) over (partition by ${LISTED}), listed_at, event_id, limit_days
    from jsonb_populate_recordset(null::public.standing_list, $5::jsonb) order by ${LISTED}, listed_at desc, event_id
    on conflict (${LISTED}) do update set first_listed_at = least(known.first_listed_at, excluded.first_listed_at),
      listed_at = greatest(known.listed_at, excluded.listed_at),
      event_id = case when excluded.listed_at > known.listed_at then excluded.event_id else known.event_id end,
      limit_days = case when excluded.listed_at > known.listed_at then excluded.limit_days else known.limit_days end
  ), moved as (
    insert into public.standing_move as known (${LISTED}, moved_at, event_id)
    select distinct on (${LISTED}) ${LISTED}, at, event_id
    from (
      select deployment, env, 'grant' as kind, grant_id as item_id, at, event_id
      from exchange where outcome = 'permitted' and grant_id is not null
      union all
      select deployment, env, 'credential', resource, at, event_id from rotation where state = 'promoted'
    ) as moves order by ${LISTED}, at desc, event_id
    on conflict (${LISTED}) do update set moved_at = excluded.moved_at, event_id = excluded.event_id
      where known.moved_at < excluded.moved_at
  ), exchange_sum as (
    insert into public.exchange_rollup as known (bucket, subject_id, resource, zone, client_ip, exchanges, permitted)
    select ${FIVE_MINUTES}, subject_id, coalesce(resource, ''), coalesce(zone, ''), coalesce(client_ip, ''),
      sum(occurrences), coalesce(sum(occurrences) filter (where outcome = 'permitted'), 0)
    from exchange where subject_id is not null group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
    on conflict (bucket, subject_id, resource, zone, client_ip) do update
      set exchanges = known.exchanges + excluded.exchanges, permitted = known.permitted + excluded.permitted
  ), use_sum as (
    insert into public.use_rollup as known (bucket, handle_id, resource, zone, agent, uses, bytes_out)
    select ${HOUR}, handle_id, coalesce(resource, ''), coalesce(zone, ''), coalesce(agent, ''), sum(occurrences),
      coalesce(sum(bytes_out), 0)
    from use where handle_id is not null group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
    on conflict (bucket, handle_id, resource, zone, agent) do update
      set uses = known.uses + excluded.uses, bytes_out = known.bytes_out + excluded.bytes_out
  )
  insert into public.evidence_counter as known (deployment, partition_key, first_sequence, last_sequence, kept, kept_at)
  select deployment, partition_key, min(sequence), max(sequence), count(*), clock_timestamp()
  from (
    select ${COUNTED} from exchange union all select ${COUNTED} from use union all select ${COUNTED} from change
  ) as kept
  where partition_key like 'hdl\\_%' or partition_key like 'peer:%'
  group by 1, 2 order by 1, 2
  on conflict (deployment, partition_key) do update
    set first_sequence = least(known.first_sequence, excluded.first_sequence),
      last_sequence = greatest(known.last_sequence, excluded.last_sequence),
      kept = known.kept + excluded.kept, kept_at = excluded.kept_at`;
