/**
 * Counts and records a batch of calls: $1 is a JSON list of them. Gives `call_id` and `outcome` for each.
 *
 * The handles are locked in the order of their ids, so that batches of several processes never block each other, and
 * are read as they are under the lock. When a batch holds several calls of one handle, its last calls go to those that
 * came first. A call that is already there was started by an earlier try whose answer was lost: it is not counted again.
 *
 * The first call of a handle is told of in the same transaction, under the lock of its handle: with the event that the call
 * brings as `first_use`, as append_events() takes it. One that brings none is of a handle of which it was told already.
 */
export const START_CALLS = `
  with asked as materialized (
    select * from jsonb_to_recordset($1::jsonb) as call(place integer, call_id text, handle_id text, resource text,
      route_template text, method text, started_at timestamptz, correlation_id text, first_use jsonb)
  ), known as materialized (
    select call_id from public.call where call_id in (select call_id from asked)
  ), fresh as materialized (
    select * from asked where call_id not in (select call_id from known)
  ), locked as materialized (
    select id, status, expires_at, max_calls - calls_used as calls_left, first_use_told from public.handle
    where id in (select handle_id from fresh)
    order by id for update
  ), live as materialized (
    select fresh.*, calls_left, first_use_told, row_number() over (partition by handle_id order by place) as turn
    from fresh join locked on id = handle_id
    where status = 'active' and expires_at > started_at
  ), granted as materialized (
    select * from live where turn <= calls_left
  ), counted as (
    update public.handle set calls_used = calls_used + total, first_use_told = first_use_told or tells
    from (
      select handle_id, count(*) as total, count(first_use) > 0 as tells from granted group by handle_id
    ) as per_handle
    where id = handle_id
  ), recorded as (
    insert into public.call (call_id, handle_id, resource, route_template, method, started_at, correlation_id)
    select call_id, handle_id, resource, route_template, method, started_at, correlation_id from granted
  ), first as materialized (
    select distinct on (handle_id) first_use, place from granted
    where first_use is not null and not first_use_told order by handle_id, turn
  ), told as materialized (
    select public.append_events(events) from (select jsonb_agg(first_use order by place) as events from first) as listed
    where events is not null
  )
  select call_id, case
    when call_id in (select call_id from known) or call_id in (select call_id from granted) then 'started'
    when call_id in (select call_id from live) then 'exhausted'
    else 'not-live' end as outcome
  from asked where (select count(*) from told) >= 0`;

/**
 * Counts calls of handle $1 ahead: $2 are needed, $3 wanted, at $4. No row: it is not live. $5: null, or what
 * append_events() takes, with the event of the first call; it is written as START_CALLS does.
 */
export const RESERVE_CALLS = `
  with live as materialized (
    select id, first_use_told, least(max_calls - calls_used, greatest($2::integer, least($3::integer, (max_calls - calls_used) / 8))) as total
    from public.handle where id = $1 and status = 'active' and expires_at > $4 for update
  ), counted as (
    update public.handle set calls_used = calls_used + total,
      first_use_told = handle.first_use_told or $5::jsonb is not null
    from live where handle.id = live.id and total > 0
  ), told as materialized (
    select public.append_events($5::jsonb) from live where total > 0 and not first_use_told and $5::jsonb is not null
  )
  select total from live where (select count(*) from told) >= 0`;

/** Takes back calls that were counted ahead: $1 is a JSON list, each handle once. Locks as START_CALLS does. */
export const RELEASE_CALLS = `
  with unused as materialized (
    select * from jsonb_to_recordset($1::jsonb) as unused(handle_id text, calls integer)
  ), locked as materialized (
    select id from public.handle where id in (select handle_id from unused) order by id for update
  )
  update public.handle set calls_used = calls_used - calls
  from locked join unused on locked.id = unused.handle_id where handle.id = locked.id`;

/**
 * Ends a batch of calls: $1 is a JSON list of them, each with its event. A call that has already ended is left as it
 * is, and its event is not written again: an earlier try was committed and its answer lost, or the sweeper came first.
 * One that is not there, because it was not recorded when it started, is recorded now.
 */
export const FINISH_CALLS = `
  with listed as materialized (
    select * from jsonb_to_recordset($1::jsonb) as call(place integer, topic text, event jsonb)
  ), ended as materialized (
    select place, topic, event, event->>'correlationid' as correlation_id, (event->>'time')::timestamptz as finished_at,
      (event->>'time')::timestamptz - make_interval(secs => (event->'data'->>'duration_ms')::double precision / 1000)
        as started_at, data.*
    from listed, jsonb_to_record(event->'data') as data(call_id text, handle_id text, resource text, route_template text,
      method text, outcome text)
  ), closed as (
    insert into public.call as known (call_id, handle_id, resource, route_template, method, started_at, finished_at,
      outcome, correlation_id)
    select call_id, handle_id, resource, route_template, method, started_at, finished_at, outcome, correlation_id
    from ended order by call_id
    on conflict (call_id) do update set finished_at = excluded.finished_at, outcome = excluded.outcome
      where known.finished_at is null
    returning call_id
  ), told as (
    select jsonb_agg(jsonb_build_object('topic', topic, 'event', event) order by place) as events
    from ended join closed using (call_id)
  )
  select public.append_events(events) from told where events is not null`;

export const UNFINISHED_CALLS = `
  select call_id as "callId", handle_id as "handleId", resource, route_template as "routeTemplate", method,
    started_at as "startedAt", correlation_id as "correlationId"
  from public.call where finished_at is null and started_at < $1
  order by started_at limit $2 for update skip locked`;
