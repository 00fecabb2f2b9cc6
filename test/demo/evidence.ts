import { EmbeddedPostgres } from '#adapters/embedded';
import { PostgresDatabase } from '#adapters/postgres';

/** Decisions without their event, and events without their decision; empty when the evidence is whole. */
export async function gapsInEvidence(database: PostgresDatabase): Promise<string[]> {
  const gaps: string[] = [];
  for (const [what, statement] of Object.entries(STATEMENTS)) {
    const rows = await database.query<{ id: string }>(statement);
    gaps.push(...rows.map(({ id }) => `${what}: ${id}`));
  }
  return gaps;
}

const STATEMENTS = {
  'handle without exchange.permitted': `
    select id from public.handle h where not exists (select from public.outbox o
      where o.type = 'dev.postern.exchange.permitted.v1' and o.payload->'data'->>'handle_id' = h.id)`,
  'exchange.permitted without handle': `
    select o.id::text as id from public.outbox o where o.type = 'dev.postern.exchange.permitted.v1'
      and not exists (select from public.handle h where h.id = o.payload->'data'->>'handle_id')`,
  'revoked handle without handle.revoked': `
    select id from public.handle h where h.status = 'revoked' and not exists (select from public.outbox o
      where o.type = 'dev.postern.handle.revoked.v1' and o.payload->'data'->>'handle_id' = h.id)`,
  'handle.revoked without revoked handle': `
    select o.id::text as id from public.outbox o where o.type = 'dev.postern.handle.revoked.v1'
      and not exists (select from public.handle h
        where h.id = o.payload->'data'->>'handle_id' and h.status = 'revoked')`,
  'call without call.completed': `
    select call_id as id from public.call c where not exists (select from public.outbox o
      where o.type = 'dev.postern.call.completed.v1' and o.payload->'data'->>'call_id' = c.call_id)`,
  'call.completed without call': `
    select o.id::text as id from public.outbox o where o.type = 'dev.postern.call.completed.v1'
      and not exists (select from public.call c where c.call_id = o.payload->'data'->>'call_id')`,
  'used handle without one handle.first_used': `
    select h.id from public.handle h where (exists (select from public.call c where c.handle_id = h.id))::integer
      <> (select count(*) from public.outbox o
        where o.type = 'dev.postern.handle.first_used.v1' and o.payload->'data'->>'handle_id' = h.id)`,
  'calls counted other than recorded': `
    select h.id from public.handle h where h.calls_used <> (select count(*) from public.call c where c.handle_id = h.id)`,
};

/** The database of a standalone that runs on its embedded PostgreSQL. */
export async function openDatabase(folder: string): Promise<PostgresDatabase> {
  const server = await EmbeddedPostgres.start({
    folder,
    adopt: true,
    onProgress: () => undefined,
  });
  return PostgresDatabase.connect({ url: server.url, applicationName: 'postern-demo' });
}
