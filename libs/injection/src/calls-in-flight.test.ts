import { setImmediate as turnOfNode } from 'node:timers/promises';
import { DependencyUnavailable } from '#kernel';
import { aHandle, aProxiedResource } from '#testing';
import { ActiveCall, type PermittedCall } from './active-call.js';
import { type CutCause } from './call-failed.js';
import { CallsInFlight } from './calls-in-flight.js';

const START = {
  ...{ callId: 'call_1', resource: 'ledger', routeTemplate: '/x', method: 'GET' },
  ...{ handleId: 'hdl_1', startedAt: new Date(0), correlationId: 'req_1' },
};
const away = new DependencyUnavailable('postgresql', 'away');

type Answer = ReadonlySet<string> | Error;

/** PostgreSQL as the test has it: what ended, and whether it answers at all. */
class Asked {
  readonly questions: (readonly string[])[] = [];
  ended: ReadonlySet<string> = new Set();
  holders: readonly string[] = [];
  /** Answers when the test says so. */
  held: ((answer: Answer) => void)[] | undefined;
  failing = false;

  async endedAmong(ids: readonly string[]): Promise<ReadonlySet<string>> {
    this.questions.push(ids);
    if (this.held !== undefined) {
      const answer = await new Promise<Answer>((resolve) => this.held?.push(resolve));
      if (answer instanceof Error) throw answer;
      return answer;
    }
    if (this.failing) throw away;
    return new Set(ids.filter((id) => this.ended.has(id)));
  }
}

function underTest() {
  const asked = new Asked();
  const cuts: [CutCause, number][] = [];
  const ended: string[] = [];
  let failures = 0;
  const calls = new CallsInFlight({
    handles: asked,
    holders: () => asked.holders,
    onEnded: (handleIds) => ended.push(...handleIds),
    observer: {
      cut: (cause, number) => void cuts.push([cause, number]),
      failed: () => void (failures += 1),
    },
  });
  const enter = (id: string, audit: 'strict' | 'buffered' = 'strict'): ActiveCall => {
    const resource = { ...aProxiedResource(), audit };
    const permitted = { handle: aHandle({ id }), resource } as PermittedCall;
    const call = new ActiveCall(permitted, START, { ip: '192.0.2.1' });
    calls.enter(call);
    return call;
  };
  const turns = async (number: number): Promise<void> => {
    for (let turn = 0; turn < number; turn += 1) {
      calls.turn();
      await turnOfNode();
    }
  };
  return { asked, calls, cuts, ended, enter, turns, failures: () => failures };
}

const isCut = ({ cutBy }: ActiveCall): boolean => cutBy !== undefined;

describe('calls in flight', () => {
  it('are asked about twice a second, all in one question, a handle once', async () => {
    const { asked, enter, turns } = underTest();
    for (const id of ['hdl_a', 'hdl_b', 'hdl_a']) enter(id);
    await turns(1);
    expect(asked.questions).toEqual([]);
    await turns(5);
    expect(asked.questions).toEqual(Array.from({ length: 3 }, () => ['hdl_a', 'hdl_b']));
  });

  it('that were counted ahead are asked about a quarter of a second earlier', async () => {
    const { asked, enter, turns } = underTest();
    enter('hdl_a', 'buffered');
    await turns(1);
    expect(asked.questions).toEqual([['hdl_a']]);
  });

  it('that have left are asked about no more, and with none nothing is asked', async () => {
    const { asked, calls, enter, turns } = underTest();
    calls.leave(enter('hdl_a'));
    await turns(10);
    expect([asked.questions, calls.size]).toEqual([[], 0]);
  });

  it('are cut when their handle has ended, and the others are not', async () => {
    const { asked, cuts, ended, enter, turns } = underTest();
    const calls = ['hdl_a', 'hdl_b', 'hdl_a'].map((id) => enter(id));
    asked.ended = new Set(['hdl_a']);
    await turns(2);
    expect(calls.map(isCut)).toEqual([true, false, true]);
    expect([cuts, ended]).toEqual([[['ended', 2]], ['hdl_a']]);
    expect(calls[0]?.cutBy).toMatchObject({
      code: 'invalid_token',
      outcome: 'aborted_by_revocation',
    });
    expect(calls[1]?.cutBy).toBeUndefined();
  });

  it('that began while their handle was asked about are cut with the others', async () => {
    const { asked, calls, enter } = underTest();
    asked.held = [];
    enter('hdl_a', 'buffered');
    calls.turn();
    const late = enter('hdl_a');
    asked.held[0]?.(new Set(['hdl_a']));
    await turnOfNode();
    expect(isCut(late)).toBe(true);
  });

  it('are cut when they could not be confirmed for seven turns, whether the answer is no or none', async () => {
    for (const silence of ['refused', 'held'] as const) {
      const { asked, cuts, enter, turns } = underTest();
      if (silence === 'held') asked.held = [];
      else asked.failing = true;
      const call = enter('hdl_a');
      await turns(6);
      expect(isCut(call)).toBe(false);
      await turns(1);
      expect(isCut(call)).toBe(true);
      expect(cuts).toEqual([['unconfirmed', 1]]);
      expect(call.cutBy).toMatchObject({ code: 'dependency-unavailable' });
    }
  });

  it('that were counted in memory are cut earlier: what they rest on is older', async () => {
    const { asked, calls, enter, turns } = underTest();
    asked.failing = true;
    const call = enter('hdl_a', 'buffered');
    calls.countedInMemory(call);
    await turns(3);
    expect(isCut(call)).toBe(false);
    await turns(1);
    expect(isCut(call)).toBe(true);
  });

  it('go on as long as an answer comes before that, and no longer than seven turns after the question', async () => {
    const { asked, enter, turns } = underTest();
    const call = enter('hdl_a');
    for (let outage = 0; outage < 3; outage += 1) {
      asked.failing = true;
      await turns(4);
      asked.failing = false;
      await turns(2);
    }
    expect(isCut(call)).toBe(false);
    asked.held = [];
    await turns(5); // The first of these questions is asked at the second turn.
    asked.held[0]?.(new Set());
    await turns(3);
    expect(isCut(call)).toBe(false);
    await turns(1);
    expect(isCut(call)).toBe(true);
  });

  it('have four questions under way at most', async () => {
    const { asked, enter, turns, failures } = underTest();
    asked.held = [];
    enter('hdl_a');
    for (let turn = 0; turn < 40; turn += 1) {
      enter(`hdl_${turn}`);
      await turns(1);
    }
    expect(asked.questions).toHaveLength(4);
    for (const answer of asked.held) answer(away);
    await turns(1);
    expect(failures()).toBe(4);
  });

  it('are asked about at once where they are doubted, the others not', async () => {
    const { asked, calls, enter } = underTest();
    const [doubted, other] = [enter('hdl_a'), enter('hdl_b')];
    asked.ended = new Set(['hdl_a', 'hdl_b']);
    await calls.askAbout(({ id }) => id === 'hdl_a');
    expect(asked.questions).toEqual([['hdl_a']]);
    expect([doubted, other].map(isCut)).toEqual([true, false]);
  });

  it('are asked about by the turns however often one of them is doubted: that cuts no other', async () => {
    const { asked, calls, enter, turns } = underTest();
    asked.held = [];
    enter('hdl_doubted');
    const other = enter('hdl_other');
    const doubting = Array.from({ length: 10 }, () =>
      calls.askAbout(({ id }) => id === 'hdl_doubted'),
    );
    await turns(2);
    expect(asked.questions.filter((ids) => ids.includes('hdl_other'))).toHaveLength(1);
    for (const answer of asked.held) answer(new Set());
    await Promise.all(doubting);
    await turns(5);
    expect(isCut(other)).toBe(false);
  });

  it('are not cut for a doubt that nobody could answer', async () => {
    const { asked, calls, enter } = underTest();
    const call = enter('hdl_a');
    asked.failing = true;
    await expect(calls.askAbout(() => true)).rejects.toBe(away);
    expect(isCut(call)).toBe(false);
  });

  it('are asked about together with who holds something beside calls', async () => {
    const { asked, ended, turns } = underTest();
    asked.holders = ['hdl_a', 'hdl_b'];
    asked.ended = new Set(['hdl_b']);
    await turns(2);
    expect(asked.questions).toEqual([['hdl_a', 'hdl_b']]);
    expect(ended).toEqual(['hdl_b']);
  });

  it('are asked about in questions of 10,000 handles', async () => {
    const { asked, enter, turns } = underTest();
    asked.holders = Array.from({ length: 10_001 }, (_, n) => `hdl_${n}`);
    const call = enter('hdl_last');
    asked.ended = new Set(['hdl_10000']);
    await turns(2);
    expect(asked.questions.map(({ length }) => length)).toEqual([10_000, 2]);
    expect(isCut(call)).toBe(false);
  });
});
