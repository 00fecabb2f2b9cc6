import { EVENT_BYTES_MAX, POLICY_LIST_MAX } from '#events';

const ENTRY_CHARACTERS_MAX = 512;

/** Shares of one event. What is not list takes less than a quarter of it. */
export const IDS_BYTES_MAX = EVENT_BYTES_MAX / 4;
export const NAMES_BYTES_MAX = EVENT_BYTES_MAX / 4;
export const PROBLEMS_BYTES_MAX = EVENT_BYTES_MAX / 2;

/** As many entries, from the first on, as an event has room for; each cut to 512 characters. */
export function listed(
  entries: readonly string[],
  bytesMax: number,
): { readonly kept: string[]; readonly omitted: number } {
  const kept: string[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const cut = entry.slice(0, ENTRY_CHARACTERS_MAX);
    bytes += Buffer.byteLength(JSON.stringify(cut)) + 2; // PostgreSQL writes a comma and a space between them.
    if (kept.length === POLICY_LIST_MAX || bytes > bytesMax) break;
    kept.push(cut);
  }
  return { kept, omitted: entries.length - kept.length };
}
