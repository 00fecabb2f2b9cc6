import { type HandleSelector } from '#handles';

export interface Condition {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * What a selector names, as a condition on rows of `handle` with parameters from `first` on. `bound`: the parameter with
 * the `iss` of issuers, a text[] or null; then it names those of their subjects alone.
 */
export function conditionOf(
  selector: HandleSelector,
  { bound, first }: { readonly bound: string; readonly first: number },
): Condition {
  const { text, values } = named(selector, { bound, first });
  return { text: selector.scope === 'subject' ? text : `${text} and ${within(bound)}`, values };
}

const within = (bound: string, issuer = 'subject_issuer'): string =>
  `(${bound}::text[] is null or ${issuer} = any(${bound}))`;

function named(
  selector: HandleSelector,
  { bound, first }: { readonly bound: string; readonly first: number },
): Condition {
  const [one, two] = [`$${first}`, `$${first + 1}`];
  const { id } = selector;
  switch (selector.scope) {
    case 'handle':
      return { text: `id = ${one}`, values: [id] };
    case 'family':
      return { text: `family_id = ${one}`, values: [id] };
    case 'subject':
      return {
        text: `((subject_id = ${one} and ${within(bound)})
          or (actor_ids <> '{}' and actor_ids @> array[${one}::text] and ${within(bound, issuerOfActor(one))}))`,
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

// Both columns name the same actors in the same order.
const issuerOfActor = (id: string): string =>
  `(actors -> (array_position(actor_ids, ${id}::text) - 1) ->> 'issuer')`;
