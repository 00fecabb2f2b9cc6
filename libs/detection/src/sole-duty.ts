/** A duty that one process at a time has, of all that could do it: whoever asked first, until it ends. */
export abstract class SoleDuty {
  /** Ask before each turn; may be asked by several at once. @throws DependencyUnavailable: then it is not known whose it is */
  abstract isOurs(): Promise<boolean>;

  /** Another process may have it from then on. Asked again, it may be ours once more. */
  abstract close(): Promise<void>;
}
