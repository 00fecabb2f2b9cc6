import { type HandleSelector } from '#handles';

export interface Condition {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** What a selector names, as a condition on rows of `handle` with parameters from `first` on. */
export function conditionOf(selector: HandleSelector, first: number): Condition {
  const [one, two] = [`$${first}`, `$${first + 1}`];
  const { id } = selector;
  switch (selector.scope) {
    case 'handle':
      return { text: `id = ${one}`, values: [id] };
    case 'family':
      return { text: `family_id = ${one}`, values: [id] };
    case 'subject':
      return {
        text: `(subject_id = ${one} or (actor_ids <> '{}' and actor_ids @> array[${one}::text]))`,
        values: [id],
      };
    case 'issuer':
      return { text: `subject_issuer = ${one}`, values: [id] };
    case 'grant':
      return {
        text: `grant_id = ${one} and grant_digest is distinct from ${two}`,
        values: [id, selector.exceptDigest ?? null],
      };
    case 'key':
      return {
        text: `subject_token_key_id = ${one} and subject_issuer = ${two}`,
        values: [id, selector.issuer],
      };
    case 'task':
      return { text: `task = ${one} and subject_id = ${two}`, values: [id, selector.subjectId] };
    case 'resource':
      return { text: `resource = ${one}`, values: [id] };
  }
}
