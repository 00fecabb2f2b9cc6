import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isEnded, type Rotation } from '#rotation';
import { describeWithServer, type LegacyAccount, type TestServer } from '#test-support';
import { until } from '../support/until.js';
import { chance } from './chance.js';
import { type LegacySystem, startLegacySystems } from './legacy-systems.js';
import { ROTATION_DEADLINE_MS, RotatingWorld, type Victim } from './rotating-world.js';
import { RotationCallers } from './rotation-callers.js';
import { holdsOne, tracesInTables, writtenForms } from './value-traces.js';

interface Volume {
  /** For so long rotations are asked for, and processes killed. */
  readonly chaosMs: number;
  readonly rotateEveryMs: number;
  readonly killEveryMs: readonly [least: number, most: number];
  /** Rotations that must have come to their end well, of each resource. */
  readonly doneMin: number;
  readonly killsMin: number;
  /** Of each resource. */
  readonly callsMin: number;
}

const VOLUMES = {
  short: {
    ...{ chaosMs: 12_000, rotateEveryMs: 4_000, killEveryMs: [1_500, 3_500] },
    ...{ doneMin: 1, killsMin: 2, callsMin: 30 },
  },
  long: {
    ...{ chaosMs: 600_000, rotateEveryMs: 5_000, killEveryMs: [5_000, 15_000] },
    ...{ doneMin: 50, killsMin: 30, callsMin: 3_000 },
  },
} satisfies Record<string, Volume>;
const VOLUME: Volume = VOLUMES[process.env['POSTERN_TEST_VOLUME'] === 'long' ? 'long' : 'short'];
const START_MS_MAX = 180_000;
const TIMEOUT_MS = VOLUME.chaosMs + 2 * ROTATION_DEADLINE_MS + 60_000;
const STATE_POLL_MS = 100;
/** A rotation that has not ended by its deadline is given up in the step that comes next. */
const DEADLINE_SLACK_MS = 10_000;

const SERVERS: readonly TestServer[] = [
  ...(['postgres-18', 'openbao', 'mariadb', 'redis', 'slapd', 'apache'] as const),
];

const SEARCH_MS_MAX = 120_000;

inside(SERVERS, () => {
  let systems: readonly LegacySystem[];
  let world: RotatingWorld;
  /** All that were ever to be the current ones. */
  const accounts: LegacyAccount[] = [];

  beforeAll(async () => {
    systems = await startLegacySystems();
    world = await RotatingWorld.start(systems);
  }, START_MS_MAX);

  afterAll(async () => {
    await world.stop();
    await Promise.all(systems.map((system) => system.stop()));
  }, 60_000);

  it(
    'fails no call, ends each rotation, and leaves values that work, while rotators and proxies are killed',
    async () => {
      const seed = Number(process.env['POSTERN_TEST_SEED'] ?? randomInt(2 ** 31));
      process.stderr.write(`rotation-real-parts: POSTERN_TEST_SEED=${seed}\n`);
      await allInHand();
      const callers = await RotationCallers.start(world, ['GET', 'GET', 'POST']);
      const over = new AbortController();
      const killer = keepKilling(chance(seed), over.signal);
      const rotating = systems.map(({ name }, index) => keepRotating(name, index, over.signal));
      await pause(VOLUME.chaosMs);
      over.abort();
      const [killed] = await Promise.all([killer, ...rotating]);
      await callers.end();

      const told = await Promise.all(systems.map(async (system) => summary(system, callers)));
      process.stderr.write(
        `rotation-real-parts: ${told.join('; ')}; killed: ${killed.map(({ name }) => name).join(' ')}; ${callers.total} calls, ${callers.cut} cut with their ` +
          `proxy, ${callers.failed} failed, the longest, of ${callers.longest.resource}, took ${callers.longest.ms.toFixed(0)} ms\n`,
      );
      for (const failure of callers.failures) process.stderr.write(`failed: ${failure}\n`);
      expect(callers.failures).toEqual([]);
      expect(callers.failed).toBe(0);
      expect(killed.length).toBeGreaterThanOrEqual(VOLUME.killsMin);
      for (const { name } of systems) {
        expect(callers.byResource.get(name)).toBeGreaterThan(VOLUME.callsMin);
        expectOrderly(await world.rotations(name));
      }
    },
    TIMEOUT_MS,
  );

  it('leaves the newest version as the current one, its gate open, and the account unlocked', async () => {
    const credentials = await world.credentials();
    expect(credentials.map(({ resource }) => resource)).toEqual(
      systems.map(({ name }) => name).toSorted(),
    );
    for (const { resource, gate, state, current_version: version } of credentials) {
      expect({ resource, gate, state }).toEqual({ resource, gate: 'open', state: 'active' });
      expect({ resource, version }).toEqual({
        resource,
        version: await world.newestVersion(resource),
      });
      const system = systems.find(({ name }) => name === resource)!;
      const account = await world.account(resource, version);
      expect({ resource, works: await system.canLogIn(account!) }).toEqual({
        resource,
        works: true,
      });
      expect(await system.canLogIn({ ...account!, password: 'not the password' })).toBe(false);
    }
  });

  it(
    'leaves no value in a log of a process or a table',
    async () => {
      expect(accounts.length).toBeGreaterThan(2 * systems.length);
      const distinct = [...new Set(accounts.flatMap(writtenForms))];
      expect(holdsOne(world.output, distinct)).toBe(false);
      const { tables, rows } = await tracesInTables(world.database.database, distinct);
      expect(tables).toEqual([]);
      expect(rows).toBeGreaterThan(100);
      // The search finds what does stand there.
      const [rotation] = await world.rotations(systems[0]!.name);
      const traces = await tracesInTables(world.database.database, [rotation!.id]);
      expect(traces.tables).toContain('public.rotation');
      expect(traces.tables.join(' ')).toMatch(/public\.outbox/);
      expect(holdsOne(world.output, [rotation!.id])).toBe(true);
    },
    SEARCH_MS_MAX,
  );

  const allInHand = (): Promise<void> =>
    until(
      'all credentials are in hand',
      async () => (await world.credentials()).length === systems.length,
      ROTATION_DEADLINE_MS,
    );

  /** One rotation after the other. Resolves when the last one has ended. */
  async function keepRotating(name: string, index: number, signal: AbortSignal): Promise<void> {
    let version = 0;
    await pause((index * VOLUME.rotateEveryMs) / systems.length);
    while (!signal.aborted) {
      const due = pause(VOLUME.rotateEveryMs, undefined, { signal }).catch(() => undefined);
      const outcome = await world.request(name);
      expect(outcome.kind).toBe('requested');
      if (outcome.kind === 'requested') await ended(outcome.rotation);
      for (const newest = await world.newestVersion(name); version < newest; version += 1) {
        const account = await world.account(name, version + 1);
        if (account !== undefined) accounts.push(account);
      }
      await due;
    }
  }

  async function ended(asked: Rotation): Promise<void> {
    let rotation = asked;
    let pending: LegacyAccount | undefined;
    for (let waitedMs = 0; !isEnded(rotation.state); waitedMs += STATE_POLL_MS) {
      if (waitedMs > ROTATION_DEADLINE_MS + DEADLINE_SLACK_MS) {
        throw new Error(
          `${asked.resource} ${asked.id} is ${rotation.state} (${rotation.errorClass ?? 'no error'})`,
        );
      }
      await pause(STATE_POLL_MS);
      rotation = (await world.rotation(asked.id)) ?? rotation;
      pending ??= await world.pendingAccount(rotation);
    }
    if (pending !== undefined) accounts.push(pending);
  }

  /** kill -9 at moments, and of processes, that chance decides. Resolves to the killed ones when all are ready again. */
  async function keepKilling(next: () => number, signal: AbortSignal): Promise<readonly Victim[]> {
    const [least, most] = VOLUME.killEveryMs;
    const killed: Victim[] = [];
    const restarts: Promise<void>[] = [];
    for (;;) {
      const waitMs = least + (most - least) * next();
      await pause(waitMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const mayDie = [world.rotators, world.proxies].filter(areReady).flat();
      const victim = mayDie[Math.floor(next() * mayDie.length)];
      if (victim === undefined) continue;
      killed.push(victim);
      restarts.push(world.killAndRestart(victim));
    }
    await Promise.all(restarts);
    return killed;
  }

  async function summary(
    { name, refused }: LegacySystem,
    callers: RotationCallers,
  ): Promise<string> {
    const states = (await world.rotations(name)).map(({ state, errorClass }) =>
      errorClass === undefined ? state : `${state} (${errorClass})`,
    );
    const counts = new Map<string, number>();
    for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
    const shown = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
    const logins = refused === undefined ? '' : `, ${refused()} logins refused`;
    return `${name}: ${shown}, ${callers.byResource.get(name) ?? 0} calls${logins}`;
  }
});

/** One of two at a time: whoever is behind a load balancer has somebody left. */
const areReady = (kind: readonly Victim[]): boolean =>
  kind.every(({ outages }) => outages.every(({ untilMs }) => untilMs < Infinity));

/** Each came to its end within its deadline, one after the other, and most of them well. */
function expectOrderly(newestFirst: readonly Rotation[]): void {
  const rotations = newestFirst.toReversed();
  const badly = rotations.filter(({ state }) => state !== 'done' && state !== 'abandoned');
  expect(badly).toEqual([]);
  const done = rotations.filter(({ state }) => state === 'done');
  expect(done.length).toBeGreaterThanOrEqual(VOLUME.doneMin);
  for (const [index, { requestedAt, endedAt }] of rotations.entries()) {
    expect(endedAt).toBeDefined();
    const tookMs = endedAt!.getTime() - requestedAt.getTime();
    expect(tookMs).toBeLessThan(ROTATION_DEADLINE_MS + DEADLINE_SLACK_MS);
    const before = rotations[index - 1];
    if (before === undefined) continue;
    expect(before.endedAt!.getTime()).toBeLessThanOrEqual(requestedAt.getTime());
  }
}

function inside([server, ...more]: readonly TestServer[], body: () => void): void {
  if (server === undefined) {
    describe('rotation of real systems under fire', body);
    return;
  }
  describeWithServer('over', server, () => inside(more, body));
}
