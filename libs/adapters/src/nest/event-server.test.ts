import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Controller, type INestApplication, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Observable, throwError } from 'rxjs';
import {
  type BusRecord,
  Consumption,
  type DeadLetter,
  type RecordedEvent,
  type RecordPlace,
  TOPICS,
} from '#events';
import { DependencyUnavailable } from '#kernel';
import {
  anOutboxEvent,
  FixedClock,
  InMemoryDeadLetters,
  InMemoryEventBus,
  InMemoryOutbox,
  InMemoryOutboxLog,
  until,
} from '#testing';
import { connectEvents, Ctx, EventContext, EventPattern, EventServer, Payload } from './index.js';

const REVOKED = 'dev.postern.handle.revoked.v1';
const TWO = 'two handlers for one event type';

/** What handlers were given, and what they answer. */
const world = {
  seen: [] as { event: RecordedEvent; place: RecordPlace }[],
  answer: (_event: RecordedEvent): unknown => undefined,
};

@Controller()
class Revocations {
  @EventPattern(REVOKED)
  async on(@Payload() event: RecordedEvent, @Ctx() context: EventContext): Promise<unknown> {
    world.seen.push({ event, place: context.place });
    return world.answer(event);
  }
}

@Controller()
class Requests {
  @MessagePattern(REVOKED)
  on(): string {
    return 'never';
  }
}

@Controller()
class Unknown {
  @EventPattern('dev.postern.nothing.like_it.v1' as never)
  on(): void {
    world.seen.length = 0;
  }
}

@Controller()
class Nothing {}

const moduleOf = (...controllers: Type[]): Type => {
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- A module of Nest is its decorator.
  class TestModule {}
  Module({ controllers })(TestModule);
  return TestModule;
};

async function records(keys: readonly string[]): Promise<readonly BusRecord[]> {
  const log = new InMemoryOutboxLog(new FixedClock());
  const outbox = new InMemoryOutbox(log);
  await log.append(keys.map((key) => anOutboxEvent(key)));
  await outbox.lease();
  return (await outbox.next(100))?.records ?? [];
}

describe('events for handlers of Nest', () => {
  let app: INestApplication | undefined;
  let bus: InMemoryEventBus;
  let letters: InMemoryDeadLetters;
  const unhandled: string[] = [];

  beforeEach(() => {
    bus = new InMemoryEventBus();
    letters = new InMemoryDeadLetters();
    unhandled.length = 0;
    world.seen.length = 0;
    world.answer = () => undefined;
  });
  afterEach(async () => {
    await app?.close();
    await bus.close();
  });

  const serve = async (...controllers: Type[]): Promise<EventServer> => {
    app = await NestFactory.create(moduleOf(...controllers), new FastifyAdapter(), {
      logger: false,
    });
    return connectEvents(app, {
      bus,
      group: 'postern-nest',
      from: 'earliest',
      consumption: new Consumption({
        kind: 'evidence',
        deadLetters: letters,
        group: 'postern-nest',
        clock: new FixedClock(),
        pause: async () => undefined,
        jitter: () => 0,
      }),
      onFailure: (error) => unhandled.push(`failure ${error.message}`),
      onUnhandled: (type) => unhandled.push(type),
    });
  };

  it('gives a handler the event of its type, and where its record lies', async () => {
    const [record] = await records(['hdl_a']);
    await bus.publish([record!]);
    const server = await serve(Revocations);
    await until(() => world.seen.length > 0, 'the handler');
    expect(world.seen[0]?.event).toEqual(record!.event);
    expect(world.seen[0]?.place).toMatchObject({ topic: TOPICS.handle, offset: '0' });
    await until(() => server.progress?.caughtUp === true, 'progress');
  });

  it('moves past a record only when what the handler returned is done, observables too', async () => {
    const done: string[] = [];
    const running: string[] = [];
    world.answer = ({ partitionkey }) =>
      new Observable((subscriber) => {
        expect(running.length).toBe(done.length);
        running.push(partitionkey);
        void pause(30).then(() => {
          done.push(partitionkey);
          subscriber.complete();
        });
      });
    await bus.publish(await records(['hdl_a', 'hdl_a', 'hdl_a']));
    await serve(Revocations);
    await until(() => done.length === 3, 'three records');
    expect(letters.letters).toEqual([]);
  });

  it.each([
    ['throws', (error: Error) => () => Promise.reject(error)],
    ['gives an observable of', (error: Error) => () => throwError(() => error)],
  ])('loses neither the record nor the error when a handler %s an error', async (_, answering) => {
    const cause = new RangeError('the original one');
    world.answer = answering(cause);
    await bus.publish(await records(['hdl_a']));
    await serve(Revocations);
    await until(() => letters.letters.length > 0, 'the dead letter');
    const [letter] = letters.letters as readonly DeadLetter[];
    expect(letter?.error).toBe(cause);
    expect(letter?.attempts).toBe(5);
  });

  it('knows a dependency that is away for what it is: the record waits', async () => {
    world.answer = () => Promise.reject(new DependencyUnavailable('postgresql', 'away'));
    await bus.publish(await records(['hdl_a']));
    const server = await serve(Revocations);
    await until(() => (server.progress?.blocked.length ?? 0) > 0, 'the block');
    expect(server.progress?.blocked[0]?.reason).toBe('dependency-unavailable: away');
    expect(letters.letters).toEqual([]);
  });

  it('never shows a handler what is no event', async () => {
    bus.put(TOPICS.handle, { key: 'x', value: Buffer.from('{"canary":1}') });
    await bus.publish(await records(['x']));
    await serve(Revocations);
    await until(() => world.seen.length > 0, 'the event behind it');
    expect(world.seen).toHaveLength(1);
    expect(letters.letters[0]?.attempts).toBe(0);
  });

  it('counts events of its topics that it has no handler for, and passes them', async () => {
    const [revoked] = await records(['hdl_a']);
    const golden = await readFile('test/golden/events/handle.first_used.v1.full.json', 'utf8');
    const event = { ...(JSON.parse(golden) as RecordedEvent), partitionkey: 'hdl_a' };
    await bus.publish([{ topic: TOPICS.handle, key: 'hdl_a', event }, revoked!]);
    await serve(Revocations);
    await until(() => world.seen.length > 0, 'the one with a handler');
    expect(unhandled).toEqual(['dev.postern.handle.first_used.v1']);
    expect(letters.letters).toEqual([]);
  });

  it.each([
    ['a handler of requests', [Requests], 'events are not answered'],
    ['an event type that is not in the catalogue', [Unknown], 'there is no such event type'],
    ['two handlers for one event type', [Revocations, class Again extends Revocations {}], TWO],
    ['no handler', [Nothing], 'there is no @EventPattern'],
  ])('refuses to start with %s', async (_, controllers, message) => {
    for (const controller of controllers) Controller()(controller);
    await expect(serve(...controllers)).rejects.toThrow(message);
  });

  it('stops reading when the application closes', async () => {
    await serve(Revocations);
    await app?.close();
    app = undefined;
    await bus.publish(await records(['hdl_a']));
    await pause(50);
    expect(world.seen).toEqual([]);
  });
});
