import { EmbeddedDeadLetters } from '#adapters/embedded';
import { KafkaDeadLetters, KafkaDeadLetterTopic, type LyingLetter } from '#adapters/kafka';
import { PostgresDatabase } from '#adapters/postgres';
import { EVIDENCE_GROUPS } from '#events';
import { describeWithServer, testPostgres } from '#test-support';
import { deadLettersContract } from '#testing';

const [GROUP] = EVIDENCE_GROUPS;

describeWithServer('dead letters of the embedded bus', 'postgres-18', () => {
  deadLettersContract(async () => {
    const place = (await testPostgres())!;
    const letters = new EmbeddedDeadLetters(place.database);
    const closed = await PostgresDatabase.connect({ url: place.url, applicationName: 'away' });
    await closed.close();
    return {
      letters,
      group: GROUP,
      find: () => letters.list(GROUP),
      unreachable: async () => new EmbeddedDeadLetters(closed),
      close: () => place.drop(),
    };
  });
});

describeWithServer('dead letters on Kafka', 'kafka', (brokers) => {
  const options = (
    where: readonly string[],
  ): ConstructorParameters<typeof KafkaDeadLetters>[0] => ({
    brokers: where,
    clientId: 'dead-letters',
    onProblem: () => undefined,
  });

  deadLettersContract(async () => {
    const letters = new KafkaDeadLetters(options(brokers.split(',')));
    const topic = new KafkaDeadLetterTopic(options(brokers.split(',')), GROUP);
    const away = new KafkaDeadLetters(options(['127.0.0.1:9']));
    return {
      letters,
      group: GROUP,
      find: async () => {
        const found: LyingLetter[] = [];
        await topic.read((letter) => found.push(letter));
        return found;
      },
      unreachable: async () => away,
      close: async () => {
        await Promise.all([letters.close(), topic.close(), away.close()]);
      },
    };
  });
});
