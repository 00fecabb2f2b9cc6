import { presentedTexts } from '#handles';
import { type FormRequest } from './form.js';

/** Parameters of a token request that carry what its caller has of somebody. */
const CARRYING = ['subject_token', 'actor_token', 'client_secret', 'client_assertion'] as const;
const VALUES_MAX = 4;

/** All that may be a handle or a password in a token request, whether it is well formed or not. */
export function textsIn({ body, authorization }: FormRequest): readonly string[] {
  const form = new URLSearchParams(body);
  return [
    ...presentedTexts(authorization === undefined ? [] : [authorization]),
    ...CARRYING.flatMap((name) => form.getAll(name).slice(0, VALUES_MAX)),
  ];
}
