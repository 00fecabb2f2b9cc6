import { Refusal } from '#kernel';

/** Which rule of the canonical request was broken. */
export type AmbiguityRule =
  | 'request-line-length'
  | 'header-count'
  | 'method'
  | 'target-form'
  | 'fragment'
  | 'resource-id'
  | 'backslash'
  | 'path-parameter'
  | 'control-character'
  | 'character'
  | 'percent-escape'
  | 'utf-8'
  | 'encoded-separator'
  | 'double-encoding'
  | 'dot-segment'
  | 'look-alike'
  | 'empty-segment'
  | 'host'
  | 'framing'
  | 'http-version'
  | 'expectation';

/** Two readers could understand the request differently. The message names the rule, never the bytes. */
export class AmbiguousRequest extends Refusal {
  override readonly code = 'ambiguous-request';

  constructor(
    readonly rule: AmbiguityRule,
    what: string,
  ) {
    super(`ambiguous request (${rule}): ${what}`);
  }
}
