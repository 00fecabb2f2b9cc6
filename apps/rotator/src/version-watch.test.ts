import { EventFactory } from '#events';
import { Secret } from '#kernel';
import { type RequestOutcome, type RotationOrder } from '#rotation';
import {
  FixedClock,
  InMemoryCredentialBook,
  InMemoryRotationWorld,
  InMemorySecretStore,
  TEST_ROTATED_REF as REF,
} from '#testing';
import { VersionWatch } from './version-watch.js';

const FIELDS = new Map([['password', Secret.of('a-password-of-the-watch')]]);
/** More than ten seconds and a fifth. */
const A_LOOK_LATER = 13;

describe('watching the versions of managed credentials', () => {
  let clock: FixedClock;
  let secrets: InMemorySecretStore;
  let world: InMemoryRotationWorld;
  let asked: RotationOrder[];
  let outcome: RequestOutcome['kind'];
  let problems: string[];
  let alarms: string[];
  let watch: VersionWatch;

  const current = (): number | undefined => world.find(REF)?.credential.currentVersion;
  const use = (version: number): void => {
    world.put({ ...world.find(REF)!.credential, currentVersion: version });
  };
  const look = async (afterSeconds = A_LOOK_LATER): Promise<void> => {
    clock.advance(afterSeconds);
    await watch.look();
  };

  beforeEach(() => {
    clock = new FixedClock();
    secrets = new InMemorySecretStore();
    world = new InMemoryRotationWorld(clock);
    [asked, problems, alarms] = [[], [], []];
    outcome = 'repeated';
    watch = new VersionWatch({
      credentials: [{ ref: REF, resource: 'ledger' }],
      secrets,
      book: new InMemoryCredentialBook(world),
      requests: {
        request: async (order) => {
          asked.push(order);
          return { kind: outcome } as RequestOutcome;
        },
      },
      journal: world.journal,
      events: new EventFactory({
        clock,
        ...{ environment: 'test', deployment: 'test', component: 'rotator' },
      }),
      clock,
      onCredential: () => undefined,
      onProblem: (message) => problems.push(message),
      onAlarm: (message) => alarms.push(message),
    });
  });

  it('takes a credential in hand with its newest version, and says so once', async () => {
    await secrets.put(REF, FIELDS);
    await secrets.put(REF, FIELDS);
    await look();
    await look();
    expect(current()).toBe(2);
    expect(world.journal.of('dev.postern.credential.state.v1')).toMatchObject([
      { resource: 'ledger', current_version: 2, state: 'active', epoch: 1 },
    ]);
    expect(asked).toEqual([]);
  });

  it('takes it in hand as soon as there is a secret', async () => {
    await look();
    expect(problems).toEqual(['ledger: no secret at secret/ledger/settlement yet']);
    expect(watch.note).toContain('no secret at');
    await secrets.put(REF, FIELDS);
    await look();
    expect([current(), watch.note]).toEqual([1, undefined]);
  });

  it('asks for a rotation to the version that an administrator wrote, by an occurrence of that writing', async () => {
    await secrets.put(REF, FIELDS);
    await look();
    await secrets.put(REF, FIELDS);
    await look();
    expect(asked).toMatchObject([
      { resource: 'ledger', origin: 'vault', trigger: 'vault_change', toVersion: 2 },
    ]);
    const [first] = asked;
    await look();
    expect(asked[1]?.occurrence).toBe(first?.occurrence);
    secrets.erase(REF);
    for (let version = 1; version <= 2; version += 1) await secrets.put(REF, FIELDS);
    await look();
    expect(asked[2]?.occurrence).not.toBe(first?.occurrence);
  });

  it('notes a version that was given up, until another one is there', async () => {
    await secrets.put(REF, FIELDS);
    await look();
    await secrets.put(REF, FIELDS);
    outcome = 'requested';
    await look();
    expect(watch.note).toBeUndefined();
    outcome = 'repeated';
    await look();
    expect(watch.note).toBe(
      'ledger: version 2 is the newest, and was given up: calls use an older one',
    );
    await secrets.put(REF, FIELDS);
    use(3);
    await look();
    expect(watch.note).toBeUndefined();
  });

  it('asks for none when a rotation has made the newest version the current one meanwhile', async () => {
    await secrets.put(REF, FIELDS);
    await look();
    await secrets.put(REF, FIELDS);
    const release = secrets.hold();
    clock.advance(A_LOOK_LATER);
    const looking = watch.look();
    use(2);
    release();
    await looking;
    expect(asked).toEqual([]);
  });

  it.each([
    ['was deleted', () => secrets.mark(REF, 2, 'deleted'), /has no readable newest version/],
    ['was destroyed', () => secrets.mark(REF, 2, 'destroyed'), /has no readable newest version/],
    [
      'counts from one again',
      () => {
        secrets.erase(REF);
        void secrets.put(REF, FIELDS);
      },
      /ends at version 1/,
    ],
  ])('raises the alarm once when the newest version %s', async (_, happen, told) => {
    await secrets.put(REF, FIELDS);
    await secrets.put(REF, FIELDS);
    await look();
    happen();
    await look();
    await look();
    expect(alarms).toEqual([expect.stringMatching(told)]);
    expect(watch.note).toMatch(told);
    expect(world.journal.of('dev.postern.credential.out_of_sync.v1')).toMatchObject([
      { resource: 'ledger', version: 2 },
    ]);
    expect(asked).toEqual([]);
  });

  it('asks the store no more often than every eight seconds, and at once when told to', async () => {
    await secrets.put(REF, FIELDS);
    await look(0);
    for (let second = 1; second <= 7; second += 1) await look(1);
    expect(secrets.calls.currentVersion).toBe(1);
    await watch.lookNow('ledger');
    await watch.lookNow('of-another-deployment');
    expect(secrets.calls.currentVersion).toBe(2);
  });

  it('grows older while the store does not answer, and says why', async () => {
    await secrets.put(REF, FIELDS);
    await look();
    expect(watch.ageSeconds).toBe(0);
    secrets.failWith('sealed');
    await look();
    expect(watch.ageSeconds).toBe(A_LOOK_LATER);
    expect(problems[0]).toMatch(/^ledger: .*sealed.*looked at again$/);
    secrets.failWith(undefined);
    await look();
    expect(watch.ageSeconds).toBe(0);
  });

  it('is told again of what could not be told', async () => {
    await secrets.put(REF, FIELDS);
    await look();
    secrets.mark(REF, 1, 'deleted');
    world.journal.setReachable(false);
    await look();
    expect(alarms).toEqual([]);
    world.journal.setReachable(true);
    await look();
    expect(alarms).toHaveLength(1);
  });
});
