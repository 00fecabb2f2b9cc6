import { type PostgresDatabase, PostgresHandleStore } from '#adapters/postgres';
import { type Handle, mintHandle } from '#handles';
import { secondsAfter, SystemClock } from '#kernel';
import { aHandle, aHandleIssue } from '#testing';

const LIFE_SECONDS = 3_600;

export interface StoredHandle {
  readonly plaintext: string;
  readonly id: string;
}

/** A live handle of environment `dev`, good for an hour, put into the store past any STS. */
export async function storedHandle(
  database: PostgresDatabase,
  overrides: Partial<Handle> = {},
): Promise<StoredHandle> {
  const { plaintext, digest, id } = mintHandle('dev');
  const issuedAt = new SystemClock().now();
  const life = { issuedAt, expiresAt: secondsAfter(issuedAt, LIFE_SECONDS) };
  const handle = aHandle({ id, digest, environment: 'dev', ...life, ...overrides });
  await new PostgresHandleStore(database).issue(aHandleIssue(handle));
  return { plaintext, id };
}
