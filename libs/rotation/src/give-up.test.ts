import { aRotation } from '#testing';
import { rotationStates } from '#events';
import { giveUp, giveUpAt } from './give-up.js';
import { isAtRest, mayFollow } from './transitions.js';

const ended = rotationStates.map((state) => {
  const rotation = aRotation({ state });
  return { state, to: giveUp(rotation, 'target-unreachable')?.to };
});

describe('giveUp', () => {
  it('comes to a state that may follow', () => {
    const illegal = ended.filter(({ state, to }) => to !== undefined && !mayFollow(state, to));
    expect(illegal).toEqual([]);
  });

  it('has an end for every state in which it can be waited', () => {
    const endless = ended
      .filter(({ state }) => mayFollow(state, state))
      .filter(({ to }) => to === undefined);
    // Of these nothing but PostgreSQL can keep a rotation, and what they do has a time of its own.
    expect(endless.map(({ state }) => state)).toEqual(['promoted', 'draining']);
  });

  it('ends at rest, or where it is found out how', () => {
    const ends = new Set(ended.flatMap(({ to }) => (to === undefined ? [] : [to])));
    expect([...ends].filter((state) => !isAtRest(state))).toEqual(['recovering']);
  });

  it.each([
    ['verifying', 'single_slot', 'generated', 'manual_required'],
    ['verifying', 'external', 'vault', 'abandoned'],
    ['verifying', 'external', 'wrapped', 'abandoned'],
    ['promoting', 'dual_slot', 'wrapped', 'manual_required'],
    ['promoting', 'external', 'wrapped', 'abandoned'],
    ['staged', 'single_slot', 'generated', 'abandoned'],
  ] as const)('of %s with %s and %s is %s', (state, kind, origin, to) => {
    expect(giveUp(aRotation({ state, kind, origin }), 'why')?.to).toBe(to);
  });

  it('loses a wrapping token that may have been used up, and no other', () => {
    const wrap = { sealedToken: 'sealed', fingerprint: 'f', told: undefined };
    const begun = { ...wrap, unwrapStartedAt: new Date(0) };
    const notBegun = { ...wrap, unwrapStartedAt: undefined };
    const endOf = (one: typeof begun | typeof notBegun): string | undefined =>
      giveUp(aRotation({ state: 'intake', wrap: one }), 'why')?.to;
    expect([endOf(begun), endOf(notBegun)]).toEqual(['wrap_lost', 'abandoned']);
  });
});

describe('giveUpAt', () => {
  it('is the deadline, and ten minutes more for what has to be finished', () => {
    const late = aRotation({ state: 'verifying' });
    const stateSince = late.deadlineAt;
    expect(giveUpAt({ ...late, stateSince })).toEqual(late.deadlineAt);
    expect(giveUpAt({ ...late, stateSince, state: 'retiring' })).toEqual(
      new Date(late.deadlineAt.getTime() + 600_000),
    );
  });
});
