import { type PostgresCredentialCensus } from '#adapters/postgres';
import { type ManagedCredential } from '#credentials';
import { DependencyUnavailable } from '#kernel';
import { aReport, calls } from '#testing';

/** What instances and the rotator that race with them know of each other. */
export interface Race {
  isHeld: boolean;
  isOver: boolean;
  overtaken: number;
  letGo: number;
}

/**
 * A proxy that does all that the port permits, by chance: it holds its calls back while the gate is not open, says that
 * it will let them go, and does so when it was answered that the gate is not held. At times it sends a report before the
 * one before is answered.
 */
export class RacingInstance {
  /** Calls may begin. */
  isFree = true;
  knownSerial = 0;
  readonly breaches: string[] = [];
  #unanswered = 0;

  constructor(
    readonly id: string,
    private readonly census: PostgresCredentialCensus,
    private readonly race: Race,
    private seed: number,
  ) {}

  async run(): Promise<void> {
    let credential = (await this.census.report({ instanceId: this.id, credentials: [] }))[0];
    while (!this.race.isOver) credential = (await this.#turn(credential)) ?? credential;
  }

  async #turn(credential: ManagedCredential | undefined): Promise<ManagedCredential | undefined> {
    const letsGo = credential?.gate === 'open' || this.#chance(3);
    const overtakes = this.#chance(5);
    if (!letsGo || overtakes) this.#holdBack();
    const overtaken = overtakes ? this.#report(credential, true) : undefined;
    const answer = await this.#report(credential, !letsGo);
    await overtaken;
    if (answer === undefined) return undefined;
    this.knownSerial = Math.max(this.knownSerial, answer.serial);
    if (letsGo && answer.gate !== 'held') this.#letGo(answer);
    return answer;
  }

  /** Calls that are under way are answered by and by. */
  #holdBack(): void {
    this.isFree = false;
    if (!this.#chance(4)) this.#unanswered = 0;
  }

  #letGo({ serial }: ManagedCredential): void {
    if (this.race.isHeld) this.breaches.push(`${this.id} was let go by row ${serial}`);
    this.isFree = true;
    this.race.letGo += 1;
    this.#unanswered = this.#chance(2) ? 1 : 0;
  }

  async #report(
    credential: ManagedCredential | undefined,
    holding: boolean,
  ): Promise<ManagedCredential | undefined> {
    const report = { holding, serial: credential?.serial ?? 0, uses: calls(this.#unanswered) };
    const answer = this.census.report(aReport(this.id, report));
    return answer.then(
      (all) => all[0],
      (error: unknown) => {
        if (!(error instanceof DependencyUnavailable)) throw error;
        this.race.overtaken += 1;
        return undefined;
      },
    );
  }

  /** One in `sides`. */
  #chance(sides: number): boolean {
    this.seed = (this.seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(this.seed / 65_536) % sides === 0;
  }
}
