import { z } from 'zod';
import {
  SecretMalformed,
  SecretNotFound,
  type SecretRef,
  type SecretVersion,
  type VersionMark,
} from '#credentials';
import { Secret } from '#kernel';

const metadataAnswer = z.object({
  data: z.object({
    current_version: z.int().nonnegative(),
    versions: z.record(
      z.string(),
      z.object({ created_time: z.string(), deletion_time: z.string(), destroyed: z.boolean() }),
    ),
  }),
});
const dataAnswer = z.object({
  data: z.object({ data: z.unknown(), metadata: z.object({ version: z.int() }) }),
});
const NOT_KV2 = 'Vault does not answer as KV version 2 does; is the mount of that kind?';

/** The newest version from what Vault says at `metadata/`. @throws SecretNotFound, SecretMalformed */
export function markIn(body: unknown, ref: SecretRef, now: Date): VersionMark {
  const answer = metadataAnswer.safeParse(body);
  if (!answer.success) throw new SecretMalformed(ref, NOT_KV2);
  const { current_version: version, versions } = answer.data.data;
  if (version === 0) throw new SecretNotFound(ref);
  const newest = versions[String(version)];
  if (newest === undefined || newest.destroyed || isDeleted(newest.deletion_time, now)) {
    throw new SecretNotFound(ref, version);
  }
  return { version, writing: newest.created_time };
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
