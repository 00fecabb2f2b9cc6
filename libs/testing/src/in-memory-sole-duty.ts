import { SoleDuty } from '#detection';

/** Who has which duty: what processes on one database share. */
export type InMemoryDuties = Map<string, SoleDuty>;

/** A duty in memory. */
export class InMemorySoleDuty extends SoleDuty {
  constructor(
    private readonly duties: InMemoryDuties,
    private readonly name: string,
  ) {
    super();
  }

  override async isOurs(): Promise<boolean> {
    if (!this.duties.has(this.name)) this.duties.set(this.name, this);
    return this.duties.get(this.name) === this;
  }

  override async close(): Promise<void> {
    if (this.duties.get(this.name) === this) this.duties.delete(this.name);
  }
}
