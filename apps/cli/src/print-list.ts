import { type AdminAnswer, type AdminOptions, askAdmin } from './ask-admin.js';

/** A line each. When there is none a person is told so, on stderr: a script reads nothing. */
export function printList(lines: readonly string[], what: string): void {
  for (const line of lines) console.log(line);
  if (lines.length === 0) sayNone(what);
}

export interface PageOfLines {
  readonly lines: readonly string[];
  /** Of the next page. */
  readonly after: string | null | undefined;
}

/** The same of all pages that `path` has, which are printed as they come. @throws what askAdmin() does */
export async function printPages(
  { path, what, read }: { path: string; what: string; read: (answer: AdminAnswer) => PageOfLines },
  options: AdminOptions,
): Promise<void> {
  let query = '';
  let isNone = true;
  for (;;) {
    const { lines, after } = read(await askAdmin(`${path}${query}`, options));
    for (const line of lines) console.log(line);
    isNone &&= lines.length === 0;
    if (after === null || after === undefined) break;
    query = `?after=${encodeURIComponent(after)}`;
  }
  if (isNone) sayNone(what);
}

const sayNone = (what: string): void => void process.stderr.write(`no ${what}\n`);
