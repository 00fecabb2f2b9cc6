import {
  PostgresCredentialBook,
  type PostgresDatabase,
  PostgresEventJournal,
  PostgresIntakeKeys,
  PostgresLoginBudget,
  PostgresRotationStore,
  PostgresRotationUpkeep,
} from '#adapters/postgres';
import { type SecretStore } from '#credentials';
import { type EventJournal } from '#events';
import {
  type CredentialBook,
  type IntakeKey,
  type IntakeKeys,
  type LoginBudget,
  type RotatedSecrets,
  type RotationStore,
  type RotationUpkeep,
  type SealedWraps,
  type WrappingTokens,
} from '#rotation';

/** What rotators keep in the database. */
export interface RotationStores {
  readonly store: RotationStore;
  readonly book: CredentialBook;
  readonly budget: LoginBudget;
  readonly upkeep: RotationUpkeep;
  readonly journal: EventJournal;
  /** What time it is there. @throws DependencyUnavailable */
  readonly now: () => Promise<Date>;
}

export const rotationStores = (database: PostgresDatabase): RotationStores => ({
  store: new PostgresRotationStore(database),
  book: new PostgresCredentialBook(database),
  budget: new PostgresLoginBudget(database),
  upkeep: new PostgresRotationUpkeep(database),
  journal: new PostgresEventJournal(database),
  now: async () => {
    const [row] = await database.query<{ now: Date }>('select clock_timestamp() as now');
    if (row === undefined) throw new TypeError('the database does not tell the time');
    return row.now;
  },
});

/** The key that wrapping tokens are sealed to. */
export interface WrapIntakeKey extends SealedWraps {
  publish(): Promise<IntakeKey>;
}

/** Wrapping tokens, where the secret store knows them. */
export interface WrapIntakeParts {
  readonly wrapping: WrappingTokens;
  readonly intake: WrapIntakeKey;
}

/** The secret store as rotators use it: they alone write. */
export interface RotatorSecrets {
  readonly secrets: SecretStore;
  readonly values: RotatedSecrets;
  /** Undefined: the store has no wrapping tokens, and none are taken. */
  readonly wraps: WrapIntakeParts | undefined;
}

export const intakeKeys = (database: PostgresDatabase): IntakeKeys =>
  new PostgresIntakeKeys(database);
