/** One thing that is wrong with a registration or a grant file: a line for the operator. */
export interface PolicyProblem {
  /** The file, or what was registered. */
  readonly where: string;
  /** Path inside it, such as `subject.claims`; empty for the whole. */
  readonly path: string;
  /** What is wrong, what was expected, what to do. */
  readonly what: string;
}

/** `where: path: what`, or `where: what` for the whole. */
export const problemLine = ({ where, path, what }: PolicyProblem): string =>
  `${where}: ${path === '' ? '' : `${path}: `}${what}`;

/** Takes down what is wrong at a path of one file. */
export type ReportProblem = (path: string, what: string) => void;
