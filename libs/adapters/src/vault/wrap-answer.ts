import { z } from 'zod';
import { Secret } from '#kernel';
import { type SecretFields, type WrapLookup } from '#rotation';

const lookUpAnswer = z.object({
  data: z.object({
    creation_path: z.string(),
    creation_time: z.iso.datetime({ offset: true, local: false }),
    creation_ttl: z.number().nonnegative(),
  }),
});
const refusal = z.object({ errors: z.array(z.string()) });
const textFields = z.record(z.string(), z.string());
/** As KV version 2 answers a read. */
const kvAnswer = z.object({ data: z.object({ data: textFields, metadata: z.looseObject({}) }) });
/** As everything else answers, `sys/wrapping/wrap` and KV version 1 among it. */
const plainAnswer = z.object({ data: textFields });
const wrappedFields = z.union([
  kvAnswer.transform((answer) => answer.data.data),
  plainAnswer.transform((answer) => answer.data),
]);

/** What Vault says of a wrapping token; undefined in another shape. */
export function lookUpIn(body: unknown): WrapLookup | undefined {
  const answer = lookUpAnswer.safeParse(body);
  if (!answer.success) return undefined;
  const { creation_path, creation_time, creation_ttl } = answer.data.data;
  return {
    creationPath: creation_path,
    createdAt: new Date(creation_time),
    ttlSeconds: creation_ttl,
  };
}

/** The fields that were wrapped; undefined when that was no secret of text fields. */
export function fieldsIn(body: unknown): SecretFields | undefined {
  const answer = wrappedFields.safeParse(body);
  const texts = answer.success ? Object.entries(answer.data) : [];
  return texts.length === 0
    ? undefined
    : new Map(texts.map(([name, text]) => [name, Secret.of(text)]));
}

/** With status 400: the token is expired, used up, or was never one. Vault and OpenBao say no more. */
export function saysUnknown(body: unknown): boolean {
  const answer = refusal.safeParse(body);
  return (
    answer.success &&
    answer.data.errors.some((text) =>
      text.includes('wrapping token is not valid or does not exist'),
    )
  );
}
