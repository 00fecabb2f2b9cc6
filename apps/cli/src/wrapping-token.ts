import { z } from 'zod';
import { Secret } from '#kernel';
import { readInput } from './input.js';
import { UsageError } from './usage-error.js';

const EXPECTED =
  'expected a wrapping token, or what vault prints with -format=json and -wrap-ttl: no wrap_info is in it';

/** What `vault kv get -wrap-ttl=10m -format=json ...` prints, as far as it says where the token comes from. */
const wrapped = z.looseObject({
  wrap_info: z.looseObject({
    token: z.string().min(1),
    ttl: z.int().min(1),
    creation_time: z.iso.datetime({ offset: true }),
    creation_path: z.string().optional(),
  }),
});

/** A wrapping token as an administrator hands it over. */
export interface HandedToken {
  readonly wrappingToken: Secret;
  /** What Vault said when it wrapped; undefined for a bare token. */
  readonly told: { readonly created_at: string; readonly ttl_seconds: number } | undefined;
}

/** From standard input. @throws UsageError, which quotes nothing of it */
export async function readWrappingToken(): Promise<HandedToken> {
  return parseWrappingToken(await readInput('-'));
}

/** @throws UsageError, which quotes nothing of it */
export function parseWrappingToken(text: string): HandedToken {
  if (!text.startsWith('{')) return { wrappingToken: Secret.of(text), told: undefined };
  const { data } = wrapped.safeParse(json(text));
  if (data === undefined) throw new UsageError(`standard input: ${EXPECTED}`);
  const { token, ttl, creation_time: createdAt } = data.wrap_info;
  return {
    wrappingToken: Secret.of(token),
    told: { created_at: new Date(createdAt).toISOString(), ttl_seconds: ttl },
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not the cause: it quotes the input.
  }
}

/** Also in the format of a JWT, which is not taken, and is as good as any other at Vault. */
const WRAPPING_TOKEN =
  /(?<![A-Za-z0-9])(?:hvs|hvb|s)\.[A-Za-z0-9_-]{20,}|eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/;

/**
 * A token on the command line is in the list of processes, in the history of the shell, and perhaps in an audit log.
 * @throws UsageError, which does not repeat it
 */
export function refuseTokenAsArgument(given: readonly unknown[]): void {
  if (!given.some((text) => typeof text === 'string' && WRAPPING_TOKEN.test(text))) return;
  throw new UsageError(
    'a wrapping token stands among the arguments: every process of this machine can read those, and the shell remembers them. ' +
      'It counts as known to others: have Vault revoke it, wrap the value again, and give the new token on standard input',
  );
}
