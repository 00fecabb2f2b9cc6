import { z } from 'zod';
import {
  SecretMalformed,
  SecretNotFound,
  type SecretRef,
  type SecretVersion,
  type VersionMark,
} from '#credentials';
import { Secret } from '#kernel';

const writtenVersion = z.object({
  created_time: z.string(),
  deletion_time: z.string(),
  destroyed: z.boolean(),
});
type WrittenVersion = z.infer<typeof writtenVersion>;
const metadataAnswer = z.object({
  data: z.object({
    current_version: z.int().nonnegative(),
    versions: z.record(z.string(), writtenVersion),
  }),
});
/** Of a writing. */
const writingAnswer = z.object({ data: z.object({ version: z.int().positive() }) });
const refusedWriting = z.object({ errors: z.array(z.string()) });
const dataAnswer = z.object({
  data: z.object({ data: z.unknown(), metadata: z.object({ version: z.int() }) }),
});
const NOT_KV2 = 'Vault does not answer as KV version 2 does; is the mount of that kind?';

/** Which versions there are, and which can be read. */
export interface KnownVersions {
  /** 0: none was ever written. */
  readonly newest: number;
  readonly newestIsReadable: boolean;
}

/** The number of the newest version, deleted or not, from what Vault says at `metadata/`. @throws SecretMalformed */
export function versionsIn(body: unknown, ref: SecretRef, now: Date): KnownVersions {
  const answer = metadataAnswer.safeParse(body);
  if (!answer.success) throw new SecretMalformed(ref, NOT_KV2);
  const { current_version: newest, versions } = answer.data.data;
  return { newest, newestIsReadable: isReadable(versions[String(newest)], now) };
}

/** The newest version from what Vault says at `metadata/`. @throws SecretNotFound, SecretMalformed */
export function markIn(body: unknown, ref: SecretRef, now: Date): VersionMark {
  const answer = metadataAnswer.safeParse(body);
  if (!answer.success) throw new SecretMalformed(ref, NOT_KV2);
  const { current_version: version, versions } = answer.data.data;
  if (version === 0) throw new SecretNotFound(ref);
  const newest = versions[String(version)];
  if (newest === undefined || !isReadable(newest, now)) throw new SecretNotFound(ref, version);
  return { version, writing: newest.created_time };
}

function isReadable(version: WrittenVersion | undefined, now: Date): boolean {
  return version !== undefined && !version.destroyed && !isDeleted(version.deletion_time, now);
}

/** With `delete_version_after` Vault sets the time of deletion ahead. What cannot be read as a time is past. */
const isDeleted = (deletionTime: string, now: Date): boolean =>
  deletionTime !== '' && !(Date.parse(deletionTime) > now.getTime());

/** The version from what Vault says at `data/`. @throws SecretMalformed */
export function versionIn(body: unknown, ref: SecretRef): SecretVersion {
  const answer = dataAnswer.safeParse(body);
  if (!answer.success) throw new SecretMalformed(ref, NOT_KV2);
  const { data, metadata } = answer.data.data;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new SecretMalformed(ref, 'it is not made of fields');
  }
  const fields = new Map<string, Secret>();
  for (const [name, field] of Object.entries(data) as [string, unknown][]) {
    fields.set(name, secretIn(field, name, ref));
  }
  return { ref: { mount: ref.mount, path: ref.path }, version: metadata.version, fields };
}

function secretIn(field: unknown, name: string, ref: SecretRef): Secret {
  if (typeof field === 'string') return Secret.of(field);
  const kind = field === null ? 'null' : typeof field;
  throw new SecretMalformed(
    ref,
    `its field ${JSON.stringify(name)} is of type ${kind}; write text`,
  );
}

/** The number that a writing got; undefined when Vault does not say. */
export function writtenIn(body: unknown): number | undefined {
  const answer = writingAnswer.safeParse(body);
  return answer.success ? answer.data.data.version : undefined;
}

/** Somebody else has written: the one message that Vault and OpenBao have for it (with status 400). */
export function saysMoved(body: unknown): boolean {
  const answer = refusedWriting.safeParse(body);
  return (
    answer.success &&
    answer.data.errors.some((text) => text.includes('check-and-set parameter did not match'))
  );
}

/** With status 404: there is no such secret. Without a route to the mount Vault answers 404 too, and says so. */
export function saysAbsent(body: unknown): boolean {
  const answer = refusedWriting.safeParse(body);
  return !answer.success || answer.data.errors.length === 0;
}
