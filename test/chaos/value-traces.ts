import { type PostgresDatabase } from '#adapters/postgres';
import { type LegacyAccount } from '#test-support';

const PAGE_BYTES = 8_192;
/** Looked at in one go. */
const PAGES = 1_000;

/** In which tables of a database one of these strings stands, in whatever column; and how many rows were looked at. */
export async function tracesInTables(
  database: PostgresDatabase,
  wanted: readonly string[],
): Promise<{ readonly tables: readonly string[]; readonly rows: number }> {
  const names = await database.query<{ name: string }>(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const tables: string[] = [];
  let rows = 0;
  for (const { name } of names) {
    const found = await inTable(database, name, wanted);
    rows += found.rows;
    if (found.has) tables.push(name);
  }
  return { tables, rows };
}

async function inTable(
  database: PostgresDatabase,
  name: string,
  wanted: readonly string[],
): Promise<{ readonly has: boolean; readonly rows: number }> {
  const [table] = await database.query<{ bytes: number }>(
    'select pg_relation_size($1::regclass)::float8 as bytes',
    [name],
  );
  let [has, rows] = [false, 0];
  for (let page = 0; page * PAGE_BYTES < (table?.bytes ?? 0); page += PAGES) {
    const found = await database.query<{ content: string }>(
      `select t::text as content from ${name} t where ctid >= $1::tid and ctid < $2::tid`,
      [`(${page},0)`, `(${page + PAGES},0)`],
    );
    rows += found.length;
    has ||= holdsOne(found.map(({ content }) => content).join('\n'), wanted);
  }
  return { has, rows };
}

/** What passwords, their encodings and ids are made of, and the least that all of them have of it. */
const RUN = /[\w+/.~-]{20,}/g;
const WHOLE_RUN = /^[\w+/.~-]{20,}$/;

/** Whether one of these stands in a text. Looks at long runs of their characters alone, each once: texts have millions. */
export function holdsOne(text: string, wanted: readonly string[]): boolean {
  const unfit = wanted.find((one) => !WHOLE_RUN.test(one));
  if (unfit !== undefined) throw new TypeError(`${unfit.length} characters that are no run`);
  const runs = new Set(text.match(RUN));
  return [...runs].some((run) => wanted.some((one) => run.includes(one)));
}

/** A password as it is, in hex, and as it stands in Basic credentials. */
export const writtenForms = ({ username, password }: LegacyAccount): readonly string[] => {
  const encoded = Buffer.from(`${username}:${password}`).toString('base64');
  // Without its end, which is another one where more stands behind it.
  return [password, Buffer.from(password).toString('hex'), encoded.replace(/..?=*$/, '')];
};
