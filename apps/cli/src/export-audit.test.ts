import { Writable } from 'node:stream';
import { type RecordedEvent } from '#events';
import { aCheckpointer, InMemoryAuditLog, recordedEvents } from '#testing';
import { type EventSource } from './event-source.js';
import { exportAudit, exportRange } from './export-audit.js';

const events = recordedEvents(30);
const byId = new Map(events.map((event) => [event.id, event]));
const sourceOf = (found: ReadonlyMap<string, RecordedEvent>): EventSource => ({
  find: (leaves) => Promise.resolve(keep(found, leaves)),
  close: () => Promise.resolve(),
});
const source = sourceOf(byId);

/** Takes so many lines, then fails as a disk does. */
class Disk extends Writable {
  readonly lines: string[] = [];

  constructor(private readonly linesMax = Number.POSITIVE_INFINITY) {
    super({ decodeStrings: false, highWaterMark: 64 });
  }

  override _write(chunk: string, _encoding: string, done: (error?: Error) => void): void {
    if (this.lines.length >= this.linesMax) {
      setImmediate(() => done(Object.assign(new Error('no room'), { code: 'ENOSPC' })));
      return;
    }
    if (chunk !== '') this.lines.push(chunk);
    setImmediate(() => done());
  }
}

describe('an export', () => {
  let log: InMemoryAuditLog;
  let origin: string;
  beforeEach(async () => {
    log = new InMemoryAuditLog();
    const checkpointer = aCheckpointer(log);
    ({ origin } = await checkpointer.identity());
    for (const begin of [0, 10, 20]) {
      log.add(events.slice(begin, begin + 10));
      await checkpointer.advance();
    }
  });
  const write = (disk: Disk, found = source): Promise<number> =>
    exportAudit({ log, origin, source: found }, { from: 0, to: 30 }, disk);

  it.each([
    [
      { from: 0, to: undefined },
      { from: 0, to: 30 },
    ],
    [
      { from: 0, to: 5 },
      { from: 0, to: 10 },
    ],
    [
      { from: 12, to: 19 },
      { from: 10, to: 20 },
    ],
    [
      { from: 10, to: 10 },
      { from: 10, to: 20 },
    ],
  ])('of %j is of whole checkpoints: %j', async (asked, range) => {
    expect(await exportRange(log, asked)).toEqual(range);
  });

  it.each([
    { from: 30, to: undefined },
    { from: 0, to: 30 },
    { from: 20, to: 5 },
  ])('of %j is none: no checkpoint covers it', async (asked) => {
    await expect(exportRange(log, asked)).rejects.toMatchObject({ code: 'usage' });
  });

  it('of an empty log is none', async () => {
    const asked = { from: 0, to: undefined };
    await expect(exportRange(new InMemoryAuditLog(), asked)).rejects.toThrow(
      'no checkpoint covers',
    );
  });

  it('is a header, and a line for each checkpoint and event, whole when it says so', async () => {
    const disk = new Disk();
    expect(await write(disk)).toBe(0);
    expect(disk.lines).toHaveLength(34);
    for (const line of disk.lines) expect(line).toMatch(/^\{.*\}\n$/);
  });

  it('tells how many events were not found', async () => {
    const some = new Map([...byId].slice(0, 27));
    const disk = new Disk();
    expect(await write(disk, sourceOf(some))).toBe(3);
    expect(disk.lines.filter((line) => line.includes('"leaf":'))).toHaveLength(3);
  });

  it.each([0, 1, 12, 33])(
    'fails, and says why, when the disk is full after %i lines',
    async (lines) => {
      await expect(write(new Disk(lines))).rejects.toMatchObject({
        code: 'audit-export-unwritten',
        message: 'the export is not whole: it cannot be written (ENOSPC)',
      });
    },
  );

  it('fails when a checkpoint goes away meanwhile', async () => {
    log.kept.pop();
    await expect(write(new Disk())).rejects.toThrow('a checkpoint of that range is gone');
  });
});

const keep = <Value>(
  from: ReadonlyMap<string, Value>,
  leaves: readonly { readonly eventId: string }[],
): ReadonlyMap<string, Value> =>
  new Map(
    leaves.flatMap(({ eventId }) => {
      const value = from.get(eventId);
      return value === undefined ? [] : [[eventId, value] as const];
    }),
  );
