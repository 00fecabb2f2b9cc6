import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedDeadLetters } from '#adapters/embedded';
import { type KafkaDeadLetterTopic, type LyingLetter } from '#adapters/kafka';
import { type PostgresDatabase } from '#adapters/postgres';
import { type BuriedLetter } from '#events';

/** A dead letter with the name that a command takes: `<partition>:<offset>`. */
export interface ShelvedLetter extends BuriedLetter {
  readonly id: string;
}

/** Where the dead letters of a group lie. */
export interface DeadLetterShelf {
  read(): Promise<readonly ShelvedLetter[]>;
  /** Resolves to one line that says how it ended. */
  replay(letters: readonly ShelvedLetter[], say: (line: string) => void): Promise<string>;
}

/** The group's topic on Kafka: a replay publishes to the topics that the records came from. */
export const kafkaShelf = (topic: KafkaDeadLetterTopic): DeadLetterShelf => ({
  read: async () => {
    const letters: LyingLetter[] = [];
    await topic.read((letter) => letters.push(letter));
    return letters;
  },
  replay: async (letters, say) => {
    const published = await topic.replay(letters, (count) => say(`${count} published`));
    const cut = letters.length - published;
    const left = cut === 0 ? '' : `; ${cut} left out, whose value was too long to be kept`;
    return `${published} of ${letters.length} published again${left}`;
  },
});

const POLL_MS = 500;
/** How long a group that reads needs at most before it takes the first of them. */
const QUIET_MAX_MS = 20_000;

/** The table of the embedded bus: a replay asks the group to take the records again, and waits until it did. */
export const embeddedShelf = (database: PostgresDatabase, group: string): DeadLetterShelf => {
  const letters = new EmbeddedDeadLetters(database);
  return {
    read: async () =>
      (await letters.list(group)).map((letter) => ({
        ...letter,
        id: `${letter.place.partition}:${letter.place.offset}`,
      })),
    replay: async (wanted, say) => {
      const places = wanted.map(({ place }) => place);
      await letters.requestReplay(group, places);
      return untilTaken(() => letters.replayProgress(group, places), wanted.length, say);
    },
  };
};

async function untilTaken(
  ask: () => ReturnType<EmbeddedDeadLetters['replayProgress']>,
  count: number,
  say: (line: string) => void,
): Promise<string> {
  let left = count;
  for (let quietMs = 0; quietMs < QUIET_MAX_MS; quietMs += POLL_MS) {
    const { waiting, diedAgain } = await ask();
    if (waiting === 0) return `${count - diedAgain} handled, ${diedAgain} dead again`;
    if (waiting < left) {
      say(`${count - waiting} of ${count} taken`);
      quietMs = 0;
    }
    left = waiting;
    await pause(POLL_MS);
  }
  return `${left} of ${count} still wait: the group takes them when standalone runs`;
}
