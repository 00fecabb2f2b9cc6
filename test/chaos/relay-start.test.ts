import { describeWithServer, type TestDatabase, TestKafka, testPostgres } from '#test-support';
import { RelayProcess } from './relay-process.js';

const UNAVAILABLE = 69; // EX_UNAVAILABLE of sysexits.h

describeWithServer('the relay at its start', 'kafka', () => {
  describeWithServer('with its outbox', 'postgres-18', () => {
    let place: TestDatabase;
    beforeAll(async () => {
      place = (await testPostgres())!;
    }, 180_000);
    afterAll(() => place.drop());

    it('refuses to start without its topics, and names them', async () => {
      const kafka = await TestKafka.start('relay-start');
      const relay = await RelayProcess.spawn({ databaseUrl: place.url, brokers: kafka.brokers });
      const code = await relay.ended();
      await kafka.stop();
      expect(code).toBe(UNAVAILABLE);
      expect(relay.printed).toMatch(
        /^postern relay: Kafka at [^\n]*topic postern\.call\.v1 does not exist: [^\n]+$/m,
      );
    }, 90_000);
  });
});
