import { createPublicKey } from 'node:crypto';
import {
  ExportVerifier,
  type Finding,
  parseCheckpoint,
  parseNote,
  type VerifierOptions,
} from '#audit';
import {
  anExport,
  exportedLines,
  InMemoryAuditLog,
  InMemorySigner,
  planOf,
  publicPemOf,
  recordedEvents,
  SeededChance,
  seededKey,
  TAMPERINGS,
} from '#testing';

/** G10. 1,000 by default; the long volume has ten times as many, and POSTERN_TAMPERINGS says another number. */
const USUAL = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 1_000;
const TRIALS = Number(process.env['POSTERN_TAMPERINGS'] ?? USUAL);
const RANGES = [1, 2, 13, 40, 5, 30, 7, 22];
const SIZE = 120;
const publicKeys = [createPublicKey(publicPemOf(seededKey(1)))];

function verify(
  lines: readonly (string | Buffer)[],
  options: Partial<VerifierOptions> = {},
): { finding: Finding | undefined; verifier: ExportVerifier } {
  const verifier = new ExportVerifier({ publicKeys, ...options });
  for (const line of lines) {
    const finding = verifier.take(typeof line === 'string' ? Buffer.from(line) : line);
    if (finding !== undefined) return { finding, verifier };
  }
  return { finding: verifier.end(), verifier };
}

const checkpointOf = (log: InMemoryAuditLog, size: number) => ({
  checkpoint: parseCheckpoint(parseNote(log.kept.find((one) => one.size === size)!.note)!.text)!,
  from: 'the anchor',
});

describe('an export that nobody touched', () => {
  it('is proven, whole and from any checkpoint on, also beside the anchor', async () => {
    const { lines, log, events } = await anExport(RANGES);
    const whole = verify(lines, { pins: [checkpointOf(log, 61)] });
    expect(whole.finding).toBeUndefined();
    expect(whole.verifier.proven).toMatchObject({ from: 0, to: SIZE, checkpoints: 8 });
    for (const { size } of log.kept.slice(0, -1)) {
      const part = exportedLines(log, whole.verifier.proven.log, events, size);
      const { finding, verifier } = verify(part);
      expect(finding).toBeUndefined();
      expect(verifier.proven).toMatchObject({ from: size, to: SIZE });
    }
  });
});

describe('tampered evidence', () => {
  it(
    `shows in each of ${TRIALS} random attempts, at the very index`,
    async () => {
      const { lines } = await anExport(RANGES);
      const [plan, names] = [planOf(lines), Object.keys(TAMPERINGS)];
      const tried = new Map<string, number>();
      const missed: unknown[] = [];
      for (let seed = 0; seed < TRIALS; seed += 1) {
        const chance = new SeededChance(seed);
        const name = names[seed % names.length]!;
        const tampered = TAMPERINGS[name]!({ lines, plan, chance });
        if (tampered === undefined) continue;
        tried.set(name, (tried.get(name) ?? 0) + 1);
        const { finding } = verify(tampered.lines);
        if (finding?.index !== tampered.index)
          missed.push({ seed, name, tampered: tampered.index, finding });
      }
      expect(missed.slice(0, 5)).toEqual([]);
      expect([...tried.keys()].sort()).toEqual([...names].sort());
      expect([...tried.values()].reduce((sum, one) => sum + one, 0)).toBeGreaterThan(TRIALS * 0.9);
    },
    20_000 + TRIALS * 60,
  );

  it('shows by the anchor when the end of the log is cut off, with its checkpoints', async () => {
    const { lines, log } = await anExport(RANGES);
    const plan = planOf(lines);
    const cuts = plan.isCheckpoint.flatMap((is, at) => (is && at > 1 ? [at] : []));
    for (const at of cuts) {
      const cut = lines.slice(0, at);
      const { finding } = verify(cut, { pins: [checkpointOf(log, SIZE)] });
      expect(finding).toMatchObject({ kind: 'truncated', index: plan.indexes[at] });
      // Nobody can see it from the export alone: it is the log as it was once.
      expect(verify(cut).finding).toBeUndefined();
      expect(verify(cut, { until: SIZE }).finding).toMatchObject({ kind: 'truncated' });
    }
  });

  it('shows by the anchor when a whole other history is signed with the right key, at the event', async () => {
    const events = recordedEvents(SIZE);
    const genuine = await anExport(RANGES, { events });
    const forgedEvents = events.map((event, at) =>
      at === 99 ? { ...event, subject: 'handle/another' } : event,
    );
    const forged = await anExport(RANGES, { events: forgedEvents });
    // Both are signed with the key of the log: nothing within the export speaks against it.
    expect(verify(forged.lines).finding).toBeUndefined();
    const pins = [checkpointOf(genuine.log, SIZE)];
    const anchoredLeaf = (index: number) => genuine.log.leafRows[index]?.hash;
    expect(verify(forged.lines, { pins, anchoredLeaf }).finding).toMatchObject({
      kind: 'forked',
      index: 99,
      eventId: events[99]!.id,
    });
    // Who kept a checkpoint alone learns of it too, and not of the event.
    expect(verify(forged.lines, { pins }).finding).toMatchObject({ kind: 'forked', index: 98 });
  });

  it('shows when another key signed all of it', async () => {
    const signer = new InMemorySigner(seededKey(9));
    const { lines } = await anExport([10, 10], { signer });
    expect(verify(lines).finding).toMatchObject({ kind: 'bad-signature', index: 0 });
  });

  it('shows when the export is of another log', async () => {
    const { lines } = await anExport([10], { log: new InMemoryAuditLog('another0') });
    expect(verify(lines, { log: 'postern.test/audit/0a1b2c3d' }).finding?.kind).toBe('wrong-log');
    const { log } = await anExport([10]);
    expect(verify(lines, { pins: [checkpointOf(log, 10)] }).finding?.kind).toBe('wrong-log');
  });

  it('shows when an event was removed before it came into the log', async () => {
    const events = recordedEvents(60);
    const at = events.findIndex(
      ({ partitionkey }, place) => place > 20 && partitionkey === 'hdl_0',
    );
    const left = events.filter((_, place) => place !== at);
    const next = left.findIndex(
      ({ partitionkey }, place) => place >= at && partitionkey === 'hdl_0',
    );
    const { lines } = await anExport([30, 29], { events: left });
    expect(verify(lines).finding).toMatchObject({
      kind: 'sequence-gap',
      index: next,
      eventId: left[next]!.id,
    });
  });

  it('shows when an event is kept as its hash alone', async () => {
    const { log, events, lines } = await anExport([20]);
    const origin = verify(lines).verifier.proven.log;
    const part = exportedLines(
      log,
      origin,
      events.filter((_, at) => at !== 7),
    );
    expect(verify(part).finding).toMatchObject({ kind: 'missing-event', index: 7 });
  });

  it('is not proven by nothing', () => {
    expect(verify([]).finding).toMatchObject({ kind: 'unreadable-line', index: 0 });
    expect(verify(['']).finding).toMatchObject({ kind: 'unreadable-line', index: 0 });
  });

  it('cannot use up the memory or the stack of who proves it', async () => {
    const { lines } = await anExport([2]);
    const deep = `{"event":${'['.repeat(500_000)}`;
    const nested = `{"checkpoint":${'[1,'.repeat(5_000)}1${']'.repeat(5_000)}}`;
    for (const line of [deep, nested]) {
      expect(verify([lines[0]!, line]).finding?.kind).toBe('unreadable-line');
    }
  });
});
