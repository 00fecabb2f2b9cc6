import { CallPathParts } from '#testing';
import { Housekeeping } from './housekeeping.js';

describe('what is done beside the calls', () => {
  it('waits at its end for what is under way', async () => {
    const { clock, events, ledger, resources } = new CallPathParts([]);
    let begun: () => void = () => undefined;
    let end: () => void = () => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const tidy = (): Promise<void> => {
      begun();
      return new Promise((resolve) => (end = resolve));
    };
    const housekeeping = new Housekeeping({
      ...{ clock, events, ledger, resources, pipeline: { tidy, recheck: () => undefined } },
      sweepAllBefore: undefined,
      onProblem: () => undefined,
    });
    housekeeping.start();
    await hasBegun;
    let hasStopped = false;
    const stopped = housekeeping.stop().then(() => (hasStopped = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(hasStopped).toBe(false);
    end();
    await stopped;
  });

  it('goes on after a step that failed, and tells of it', async () => {
    const { clock, events, ledger, resources } = new CallPathParts([]);
    const problems: unknown[] = [];
    const failure = new Error('the ledger is away');
    let turns = 0;
    const secondTurn = new Promise<void>((resolve) => {
      const housekeeping = new Housekeeping({
        ...{ clock, events, ledger, resources },
        pipeline: {
          recheck: () => undefined,
          tidy: async () => {
            turns += 1;
            if (turns === 1) throw failure;
            await Promise.resolve();
            void Promise.resolve().then(() => housekeeping.stop().then(resolve));
          },
        },
        sweepAllBefore: undefined,
        onProblem: (_, error) => problems.push(error),
      });
      housekeeping.start();
    });
    await secondTurn;
    expect([turns, problems]).toEqual([2, [failure]]);
  });
});
