import { PostgresDryRun, PostgresDryRunRequests, PostgresRuleEvaluator } from '#adapters/postgres';
import { type RecordedEvent } from '#events';
import { randomId } from '#kernel';
import {
  aDeniedCall,
  aPermittedExchange,
  aRecordedEvent,
  detectionSettings,
  OTHER_CLIENT,
  TEST_CLIENT,
} from '#testing';
import { describeWithServer } from '#test-support';
import { until } from '../support/until.js';
import { SentinelDeployment, type SentinelProcess } from './sentinel-deployment.js';

const PATIENCE_MS = 120_000;
const START_TIMEOUT_MS = 240_000;
/** Of all topics that a sentinel reads. */
const PARTITIONS = 72;
const SETTINGS = {
  responseBudget: 1_000,
  rules: { D07: { mode: 'enforce' }, D08: { mode: 'enforce' } },
};
const UNTRIED = 'D07 monitor and do not enforce';
const WINDOW_MS = 600_000;

const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));
const newHandles = (count: number): string[] => times(count, () => randomId('hdl'));

/** Which of some come twice. */
const repeated = (names: readonly string[]): string[] =>
  names.filter((name, place) => names.indexOf(name) !== place);

// With a broker of its own: dead letters and candidates are of all deployments that share one.
describeWithServer('sentinels side by side', 'kafka', () => {
  describeWithServer('on one database', 'postgres-18', () => {
    let world: SentinelDeployment;
    let computing: SentinelProcess;
    let waiting: SentinelProcess;
    const published: string[] = [];

    /** A bound handle without its key (D06): what somebody did who has it. */
    const mismatch = (handle: string): RecordedEvent =>
      aDeniedCall({ handle_id: handle, reason: 'binding_mismatch' }, world.place());
    const publishMismatches = async (handles: readonly string[]): Promise<void> => {
      published.push(...handles);
      await world.publish(handles.map(mismatch));
    };
    const publishAndKeep = async (events: readonly RecordedEvent[]): Promise<void> => {
      await world.publish(events);
      await until('they are evidence', () => world.hasKept(events), PATIENCE_MS);
    };
    /** Ten well-made handles that nobody was given, half a minute ago (D08). Resolves when they are evidence. */
    const guess = async (network: string): Promise<void> => {
      const client = { ip: `${network}.7`, user_agent: 'curl/8.5.0' };
      const place = world.place(30);
      const guesses = times(10, (n) =>
        aDeniedCall({ reason: 'unknown', client }, { ...place, sequence: n + 1 }),
      );
      await publishAndKeep(guesses);
    };
    const raisedFor = async (rule: string, entities: readonly string[]) => {
      const wanted = new Set(entities);
      return (await world.raised(rule)).filter(({ entityId }) => wanted.has(entityId));
    };
    const areRaised = (rule: string, entities: readonly string[]): Promise<void> =>
      until(
        `${rule} is raised for all`,
        async () => (await raisedFor(rule, entities)).length >= entities.length,
        PATIENCE_MS,
      );
    /** Each has one detection, one event of it, and one order. */
    const expectOnce = async (rule: string, entities: readonly string[], order: string) => {
      const found = await raisedFor(rule, entities);
      expect(repeated(found.map(({ entityId }) => entityId))).toEqual([]);
      expect(found).toHaveLength(entities.length);
      const other = found.filter(
        ({ entityId, told, orders }) =>
          told !== 1 || orders.length !== 1 || orders[0] !== `${order}:${entityId}`,
      );
      expect(other).toEqual([]);
    };
    const sharedBy = (members: number): Promise<void> =>
      until(
        `${members} share all partitions`,
        async () => {
          const shares = await world.shares();
          const taken = shares.flatMap((share) => [...share]);
          expect(repeated(taken)).toEqual([]);
          return (
            shares.length === members &&
            shares.every(({ size }) => size > 0) &&
            taken.length === PARTITIONS
          );
        },
        PATIENCE_MS,
      );
    /** In nothing but that a rule was not tried: they have read what lay there, and hear from Kafka and PostgreSQL. */
    const isWell = (sentinel: SentinelProcess): Promise<void> =>
      until(
        'it complains of nothing but the rule that was not tried',
        async () => {
          const { sentinel: note = '', ...others } = await sentinel.complaints();
          return note.startsWith(UNTRIED) && Object.keys(others).length === 0;
        },
        PATIENCE_MS,
      );

    beforeAll(async () => {
      world = await SentinelDeployment.open();
      const { database } = world.database;
      const tried = new PostgresDryRun(database, new PostgresRuleEvaluator(database));
      await tried.run('D08', detectionSettings(), {
        operatorId: 'sub_operator',
        now: world.place().at,
      });
      [computing, waiting] = await Promise.all([world.start(SETTINGS), world.start(SETTINGS)]);
    }, START_TIMEOUT_MS);
    afterAll(() => world.close(), 60_000);

    it('share the evidence, and raise and order everything once', async () => {
      await sharedBy(2);
      await Promise.all([isWell(computing), isWell(waiting)]);
      await publishMismatches(newHandles(120));
      await areRaised('D06', published);
      await expectOnce('D06', published, 'revoke_handle handle');
      const counted = async (): Promise<readonly number[]> =>
        Promise.all(
          [computing, waiting].map((one) => one.figure('detections_raised_total', 'rule="D06"')),
        );
      await until('both have counted theirs', async () => {
        const [one = 0, other = 0] = await counted();
        return one + other >= published.length;
      });
      const [one = 0, other = 0] = await counted();
      expect([one > 0, other > 0, one + other]).toEqual([true, true, published.length]);
    }, 300_000);

    it('compute the rules over windows in one of both, and find there what is found once', async () => {
      await until(
        'one of both has computed them',
        async () => (await computing.rounds()) + (await waiting.rounds()) > 0,
        PATIENCE_MS,
      );
      if ((await waiting.rounds()) > 0) [computing, waiting] = [waiting, computing];
      await guess('10.77.1');
      await publishMismatches(newHandles(1)); // The newest event closes windows.
      await areRaised('D08', ['10.77.1.0/24']);
      await expectOnce('D08', ['10.77.1.0/24'], 'rate_limit source');
      expect(await waiting.rounds()).toBe(0);
    }, 300_000);

    it('go on when one is killed at its work, with nothing lost and nothing twice', async () => {
      const before = published.length;
      await publishMismatches(newHandles(600));
      const begun = async () => (await world.raised('D06')).length >= before + 20;
      await until('the first of many are raised', begun, PATIENCE_MS);
      await computing.process.kill();
      const killedAt = performance.now();
      const sinceKill = (): string => ((performance.now() - killedAt) / 1_000).toFixed(1);
      await publishMismatches(newHandles(60));
      const takesOver = async () => (await waiting.rounds()) > 0;
      await until('the other computes the rules over windows', takesOver, PATIENCE_MS);
      const roundsAfter = sinceKill();
      await guess('10.77.2');
      await publishMismatches(newHandles(1));
      await areRaised('D06', published);
      const evidenceAfter = sinceKill();
      await areRaised('D08', ['10.77.2.0/24']);
      process.stdout.write(
        `sentinels: of one that is killed the other computes the rules after ${roundsAfter} s, and reads its evidence after ${evidenceAfter} s\n`,
      );
      await expectOnce('D06', published, 'revoke_handle handle');
      await expectOnce('D08', ['10.77.1.0/24', '10.77.2.0/24'], 'rate_limit source');
      await sharedBy(1);
      await isWell(waiting);
    }, 600_000);

    describe('that look where a stream processor found something', () => {
      let sentinel: SentinelProcess;
      /** `unseen` is used like `stolen`, and no candidate tells of it. */
      const [stolen, unseen, bystander] = newHandles(3) as [string, string, string];
      /** When all three are used for the last time. */
      let last: Date;

      /** The exchange of a handle that is bound to no key, and two minutes ago three calls with it. */
      const used = (handle: string, others: typeof TEST_CLIENT | typeof OTHER_CLIENT) => {
        const calls = [TEST_CLIENT, others, TEST_CLIENT].map((client, n) => {
          const place = { ...world.place(), partitionKey: handle, sequence: n + 1 };
          const at = new Date(last.getTime() - (2 - n) * 1_000);
          return aRecordedEvent('dev.postern.call.completed.v1', aCall(handle, client), {
            ...place,
            at,
          });
        });
        return [aPermittedExchange({ handle_id: handle }, world.place(180)), ...calls];
      };
      const candidate = (handle: string): { key: string; value: string } => {
        const start = new Date(Math.floor(last.getTime() / WINDOW_MS) * WINDOW_MS);
        const written = {
          ...{ rule: 'D07', entity_type: 'handle', entity_id: handle },
          ...{ start_at: start.toISOString(), end_at: last.toISOString() },
          ...{ severity: 'high', confidence: 'high', observed: 2, threshold: 2, evidence: [] },
        };
        return { key: `D07 ${handle}`, value: JSON.stringify(written) };
      };

      beforeAll(async () => {
        sentinel = await world.start({ ...SETTINGS, streamRules: 'candidates' });
        expect(await waiting.process.stop()).toBe(0);
        await sharedBy(1);
        await isWell(sentinel);
        // Asked for as control does it.
        const requests = new PostgresDryRunRequests(world.database.database);
        await requests.ask({ rule: 'D07', operatorId: 'sub_operator' });
        const isClean = async () => Object.keys(await sentinel.complaints()).length === 0;
        await until('the rule was tried', isClean, PATIENCE_MS);
        last = world.place(120).at;
      }, START_TIMEOUT_MS);

      it('raise and order what the evidence bears out, behind what it does not and what nobody can read', async () => {
        await publishAndKeep([
          ...used(stolen, OTHER_CLIENT),
          ...used(unseen, OTHER_CLIENT),
          ...used(bystander, TEST_CLIENT),
        ]);
        await world.writeCandidates([
          { key: 'x', value: '{"rule":' },
          { key: 'x', value: JSON.stringify({ rule: 'D07' }) },
          candidate(bystander),
          candidate(stolen),
          candidate(stolen),
        ]);
        await areRaised('D07', [stolen]);
        await expectOnce('D07', [stolen], 'suspend_handle handle');
        const letters = await world.deadLetters();
        expect(letters.map(({ errorClass }) => errorClass).sort()).toEqual([
          'candidate-refused/not_borne_out',
          'event-unreadable/not_json',
          'event-unreadable/wrong_data',
        ]);
        expect(await sentinel.figure('sentinel_dead_letters_total')).toBe(3);
        expect(sentinel.process.output).toContain('no rule looks at it');
        expect(await sentinel.complaints()).toEqual({});
      }, 300_000);

      it('compute no window where nobody pointed', async () => {
        const rounds = await sentinel.rounds();
        const isOver = async () => (await sentinel.rounds()) > rounds;
        await until('a round is over', isOver, PATIENCE_MS);
        expect((await world.raised('D07')).map(({ entityId }) => entityId)).toEqual([stolen]);
        await expectOnce('D07', [stolen], 'suspend_handle handle');
      }, 300_000);
    });
  });
});

const aCall = (handle: string, client: { readonly ip: string; readonly user_agent: string }) => ({
  ...{ call_id: randomId('call'), handle_id: handle, resource: 'ledger', method: 'GET' },
  ...{ route_template: '/accounts/{id}', bytes_in: 10, bytes_out: 100, duration_ms: 3 },
  ...{ scrubbed: 0, outcome: 'ok' as const, client: { ...client } },
});
