import { type Handle } from '#handles';
import { type CanonicalRequest } from './canonical-request.js';
import { type SwitchedProtocol } from './upstream.js';

/** What is judged of a call, and what it becomes. */
export interface JudgedCall {
  readonly request: CanonicalRequest;
  readonly protocol: SwitchedProtocol | undefined;
}

/** A handle that was narrowed to one call is good for that one, byte for byte. */
export const isIntended = ({ method, path }: CanonicalRequest, { intent }: Handle): boolean =>
  intent === undefined || (intent.method === method && intent.path === path);
