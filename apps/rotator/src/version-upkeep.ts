import { refText } from '#credentials';
import { type RotatedSecrets, type RotationUpkeep } from '#rotation';

export interface VersionUpkeepParts {
  readonly upkeep: RotationUpkeep;
  readonly values: Pick<RotatedSecrets, 'destroy'>;
  /** Gets one line for the log of an operator. */
  readonly onProblem: (message: string) => void;
}

const AT_ONCE_MAX = 50;

/** Ends versions in the secret store whose time to be kept is over. */
export class VersionUpkeep {
  constructor(private readonly parts: VersionUpkeepParts) {}

  /** Call it every few seconds. @throws DependencyUnavailable */
  async look(): Promise<void> {
    const { upkeep, values, onProblem } = this.parts;
    for (const { ref, version } of await upkeep.dueVersions(AT_ONCE_MAX)) {
      try {
        await values.destroy(ref, version);
        await upkeep.destroyed(ref, version);
      } catch (error) {
        const reason = error instanceof Error ? error.message : 'unknown failure';
        onProblem(`${refText(ref)}, version ${version}, cannot be destroyed yet: ${reason}`);
      }
    }
  }
}
