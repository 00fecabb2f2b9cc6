import { PosternError } from '#kernel';

export interface ConfigProblem {
  /** The file or environment variable. */
  readonly where: string;
  /** Path inside the file, such as `resources[0].inject.as`; empty for the whole. */
  readonly path: string;
  /** What is wrong, what was expected, what to do. */
  readonly what: string;
}

/** The process cannot start as configured. Each problem is one line for the operator. */
export class ConfigError extends PosternError {
  override readonly code = 'config-error';

  constructor(
    readonly problems: readonly ConfigProblem[],
    options?: ErrorOptions,
  ) {
    super(
      problems
        .map(({ where, path, what }) => `${where}: ${path === '' ? '' : `${path}: `}${what}`)
        .join('\n'),
      options,
    );
  }
}
