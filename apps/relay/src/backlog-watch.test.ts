import { type Backlog, backlogOf } from '#events';
import { BacklogWatch } from './backlog-watch.js';

describe('BacklogWatch', () => {
  let waiting: Backlog;
  let said: string[];
  const watch = (): BacklogWatch =>
    new BacklogWatch({
      backlog: async () => backlogOf([waiting]),
      onBacklog: ({ records }) => said.push(`seen ${records}`),
      onProblem: (message) => said.push(`warn ${message}`),
      onAlarm: (message) => said.push(`error ${message}`),
    });
  const old = (oldestAgeSeconds: number): void => {
    waiting = { records: 2, bytes: 900, oldestAgeSeconds };
  };

  beforeEach(() => {
    said = [];
    old(0);
  });

  it('tells what waits, and remembers it', async () => {
    const made = watch();
    expect(made.last).toBeUndefined();
    await made.look();
    expect(said).toEqual(['seen 2']);
    expect(made.last).toMatchObject({ records: 2, bytes: 900 });
  });

  it.each([
    [60, []],
    [61, ['warn outbox: 2 events wait, the oldest for 61 s']],
    [600, ['warn outbox: 2 events wait, the oldest for 600 s']],
    [601, ['error outbox: 2 events wait, the oldest for 601 s']],
  ])('says of an event that waits for %i s: %j', async (ageSeconds, lines) => {
    old(ageSeconds);
    const made = watch();
    await made.look();
    expect(said.slice(1)).toEqual(lines);
    expect(made.note === undefined).toBe(lines.length === 0);
  });

  it('says it again after a minute, not at each look', async () => {
    old(61);
    const made = watch();
    for (let look = 0; look < 7; look += 1) await made.look();
    expect(said.filter((line) => line.startsWith('warn'))).toHaveLength(2);
  });

  it('says it at once when it is late again', async () => {
    const made = watch();
    for (const ageSeconds of [61, 0, 61]) {
      old(ageSeconds);
      await made.look();
    }
    expect(said.filter((line) => line.startsWith('warn'))).toHaveLength(2);
  });
});
