/** The last so many ids: an event that comes again comes soon, within seconds or minutes. */
export class Remembered {
  readonly #ids = new Set<string>();

  constructor(private readonly idsMax: number) {}

  /** False when it was there already. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    if (this.#ids.size > this.idsMax) this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }
}
