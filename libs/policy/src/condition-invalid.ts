import { PosternError } from '#kernel';

/** A place in a condition, both counted from 1; columns count UTF-16 code units. */
export interface ConditionPlace {
  readonly line: number;
  readonly column: number;
}

/** The text is not a condition that a grant may carry. The message names the place when there is one. */
export class ConditionInvalid extends PosternError {
  override readonly code = 'condition-invalid';

  constructor(
    what: string,
    readonly place?: ConditionPlace,
    options?: ErrorOptions,
  ) {
    super(
      place === undefined ? what : `line ${place.line}, column ${place.column}: ${what}`,
      options,
    );
  }
}
