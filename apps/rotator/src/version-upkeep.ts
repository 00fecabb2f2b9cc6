import { refText } from '#credentials';
import { type RotatedSecrets, type RotationUpkeep } from '#rotation';

export interface VersionUpkeepParts {
  readonly upkeep: RotationUpkeep;
  readonly values: Pick<RotatedSecrets, 'destroy'>;
  /** Gets one line for the log of an operator. */
  readonly onProblem: (message: string) => void;
}

const AT_ONCE_MAX = 50;
/** Of those that cannot be destroyed, so many are looked past. */
const STUCK_MAX = 450;

/** Ends versions in the secret store whose time to be kept is over. */
export class VersionUpkeep {
  #stuck = 0;

  constructor(private readonly parts: VersionUpkeepParts) {}

  /** Call it every few seconds. @throws DependencyUnavailable */
  async look(): Promise<void> {
    const { upkeep, values, onProblem } = this.parts;
    // Those that cannot be destroyed are the oldest, and must not stand before the others for ever.
    const due = await upkeep.dueVersions(AT_ONCE_MAX + this.#stuck);
    let stuck = 0;
    for (const { ref, version } of due) {
      try {
        await values.destroy(ref, version);
        await upkeep.destroyed(ref, version);
      } catch (error) {
        stuck += 1;
        const reason = error instanceof Error ? error.message : 'unknown failure';
        onProblem(`${refText(ref)}, version ${version}, cannot be destroyed yet: ${reason}`);
      }
    }
    this.#stuck = Math.min(stuck, STUCK_MAX);
  }
}
