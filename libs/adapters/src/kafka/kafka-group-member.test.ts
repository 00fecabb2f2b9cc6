import { type Kafka } from 'kafkajs';
import { TOPICS } from '#events';
import { DependencyUnavailable } from '#kernel';
import { until } from '#testing';
import { KafkaGroupMember } from './kafka-group-member.js';

/** A client whose consumer connects when it is told to, and notes what it is asked for. */
class ScriptedKafka {
  readonly asked: string[] = [];
  connected: () => void = () => undefined;

  consumer(): object {
    const note = (what: string) => async () => void this.asked.push(what);
    const connected = new Promise<void>((resolve) => (this.connected = resolve));
    return {
      events: {},
      on: () => undefined,
      connect: () => connected,
      subscribe: note('subscribe'),
      run: note('run'),
      stop: note('stop'),
      disconnect: note('disconnect'),
    };
  }

  admin(): object {
    return { disconnect: async () => undefined };
  }
}

describe('a group member that is stopped while it starts', () => {
  it('says so at once, and does not run when it is connected after all', async () => {
    const kafka = new ScriptedKafka();
    const member = new KafkaGroupMember(
      {
        kafka: kafka as unknown as Kafka,
        onProblem: () => undefined,
        failureOf: (error) => error as DependencyUnavailable,
      },
      {
        group: 'g',
        topics: [TOPICS.canary],
        from: 'latest',
        deliver: async () => undefined,
        onFailure: () => undefined,
      },
    );
    const started = member.start();
    await Promise.all([
      expect(started).rejects.toThrow(
        new DependencyUnavailable('kafka', 'the subscription was stopped'),
      ),
      member.stop(),
    ]);
    expect(kafka.asked).toEqual(['stop', 'disconnect']);
    kafka.connected();
    await until(() => kafka.asked.length === 3, 'the second farewell');
    expect(kafka.asked).toEqual(['stop', 'disconnect', 'disconnect']);
    expect(member.hasEnded).toBe(true);
  });
});
