import { type GrantSet, GrantSource } from '#policy';

/** Grants in memory. `replace` takes a compiled set, so an invalid one cannot come in. */
export class InMemoryGrantSource extends GrantSource {
  #set: GrantSet;

  constructor(set: GrantSet) {
    super();
    this.#set = set;
  }

  replace(set: GrantSet): void {
    this.#set = set;
  }

  override current(): GrantSet {
    return this.#set;
  }
}
