import {
  type GrantSet,
  type GrantSetObserver,
  type GrantSetRejection,
  ObservableGrantSource,
} from '#policy';

/** Grants in memory. `replace` takes a compiled set, so an invalid one cannot come in; `reject` says that one tried. */
export class InMemoryGrantSource extends ObservableGrantSource {
  readonly #observers: GrantSetObserver[] = [];
  #set: GrantSet;

  constructor(set: GrantSet) {
    super();
    this.#set = set;
  }

  replace(set: GrantSet): void {
    const previous = this.#set;
    this.#set = set;
    for (const observer of this.#observers) observer.onSwap(previous, set);
  }

  reject(rejection: GrantSetRejection): void {
    for (const observer of this.#observers) observer.onRejected(rejection);
  }

  override observe(observer: GrantSetObserver): void {
    this.#observers.push(observer);
  }

  override current(): GrantSet {
    return this.#set;
  }
}
