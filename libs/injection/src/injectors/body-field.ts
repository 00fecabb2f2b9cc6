import { type Injection } from '../injection.js';
import { bodyOfType } from './body-of-type.js';
import { withFormParameter } from './form-parameter.js';
import { type Injector, type OutgoingDraft } from './injector.js';
import { memberPath, withJsonMember } from './json-member.js';
import { percentEncoded } from './query.js';
import { secretField, type SecretFields } from './secret-field.js';

type BodyField = Extract<Injection, { kind: 'body-field' }>;

/** They tell of the body that the caller sent (RFC 9530, RFC 3230, RFC 1864). */
const BODY_DIGESTS: ReadonlySet<string> = new Set([
  'content-digest',
  'content-md5',
  'digest',
  'repr-digest',
]);

/** A parameter of a form, or a member of a JSON object, in the body of the call. */
export function injectBodyField(injection: BodyField, fields: SecretFields): Injector {
  const secret = secretField(fields, injection.value);
  const isForm = injection.format === 'form';
  const bodyWith = isForm ? formWith : jsonWith;
  // What is sent comes back encoded once more, such as a whole body in a string of JSON.
  const sent = isForm ? percentEncoded(secret) : JSON.stringify(secret).slice(1, -1);
  return {
    confidential: [...new Set([secret, sent])],
    holdsBody: true,
    replaces: (folded) => BODY_DIGESTS.has(folded),
    inject: (draft) => {
      draft.body = bodyWith(draft, injection.name, secret);
    },
  };
}

const formWith = (draft: OutgoingDraft, name: string, secret: string): Buffer =>
  withFormParameter(
    bodyOfType(draft, (type) => type === 'application/x-www-form-urlencoded'),
    name,
    secret,
  );

const jsonWith = (draft: OutgoingDraft, name: string, secret: string): Buffer =>
  withJsonMember(
    bodyOfType(draft, (type) => /^application\/(?:[!#$&^_.+0-9a-z-]+\+)?json$/.test(type)),
    memberPath(name),
    secret,
  );
