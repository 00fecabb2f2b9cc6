import { PosternError, secondsAfter } from '#kernel';
import { aHandle, FixedClock } from '#testing';
import { headerInjector } from '../injectors/injector.js';
import { CredentialSessions } from './credential-sessions.js';
import { RetiredSessions } from './retired-sessions.js';
import { SessionNotOpened } from './session-opener.js';

const UNAUTHORIZED = { status: 401, rawHeaders: [] };
const OK = { status: 200, rawHeaders: [] };

class OpeningRefused extends PosternError {
  override readonly code = 'credential-unavailable';
}

describe('sessions that a secret opens', () => {
  let clock: FixedClock;
  /** What openings do, in turn; then they succeed. */
  let refusals: number;
  let opened: number;
  let underWay: number;
  let underWayMost: number;
  let hold: Promise<void>;
  let shared: boolean;
  let sessions: CredentialSessions;

  beforeEach(() => {
    clock = new FixedClock();
    refusals = 0;
    opened = 0;
    underWay = 0;
    underWayMost = 0;
    hold = Promise.resolve();
    shared = true;
    sessions = new CredentialSessions({
      clock,
      credential: { version: 3, scrub: 'stream' },
      retired: new RetiredSessions(clock),
      callMsMax: 10_000,
      opener: {
        confidential: ['the secret itself'],
        get holder() {
          return shared ? 'resource' : 'handle';
        },
        open: async () => {
          opened += 1;
          underWay += 1;
          underWayMost = Math.max(underWay, underWayMost);
          const value = `session-${opened}`;
          await hold;
          underWay -= 1;
          if (refusals > 0) {
            refusals -= 1;
            throw new OpeningRefused('the password is wrong');
          }
          return {
            injector: headerInjector('authorization', value, [value]),
            renewFrom: secondsAfter(clock.now(), 60),
            usableUntil: secondsAfter(clock.now(), 90),
            endedBy: ({ status }) => status === 401,
          };
        },
      },
    });
  });

  const aCaller = (id = 'hdl_1') => aHandle({ id });
  const valueOf = async (id?: string): Promise<string | undefined> => {
    const { injector } = await sessions.current(aCaller(id));
    return injector.confidential[0];
  };
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('open once for all who wait, and are given without a promise from then on', async () => {
    const values = await Promise.all(Array.from({ length: 20 }, () => valueOf()));
    expect(new Set(values)).toEqual(new Set(['session-1']));
    expect(sessions.current(aCaller())).not.toBeInstanceOf(Promise);
    expect(opened).toBe(1);
  });

  it('are searched for in responses, and so is the secret', async () => {
    const { matcher, version } = await sessions.current(aCaller());
    expect(version).toBe(3);
    expect(matcher?.occurrences(Buffer.from('a session-1'))).toEqual([2, 11]);
    expect(matcher?.occurrences(Buffer.from('the secret itself'))).toEqual([0, 17]);
    expect(matcher?.occurrences(Buffer.from('a session-2'))).toEqual([]);
  });

  it('are followed by the next one in the background, and end at their instant', async () => {
    await valueOf();
    clock.advance(60);
    expect(await valueOf()).toBe('session-1');
    await settled();
    expect(await valueOf()).toBe('session-2');
    clock.advance(90);
    expect(await valueOf()).toBe('session-3');
    expect(opened).toBe(3);
  });

  it('stay in use to their end while the next one cannot be opened', async () => {
    await valueOf();
    refusals = Infinity;
    clock.advance(89);
    expect(await valueOf()).toBe('session-1');
    await settled();
    expect(await valueOf()).toBe('session-1');
    expect(opened).toBe(2);
    clock.advance(1);
    await expect(valueOf()).rejects.toBeInstanceOf(OpeningRefused);
  });

  it('are not tried again before a pause is over, which grows with each failure up to 30 s', async () => {
    refusals = Infinity;
    await expect(valueOf()).rejects.toBeInstanceOf(OpeningRefused);
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      clock.advance(seconds - 0.001);
      await expect(valueOf()).rejects.toBeInstanceOf(SessionNotOpened);
      clock.advance(0.001);
      await expect(valueOf()).rejects.toBeInstanceOf(OpeningRefused);
    }
    expect(opened).toBe(8);
    refusals = 0;
    clock.advance(30);
    expect(await valueOf()).toBe('session-9');
  });

  it('of many callers cost one attempt while the secret is refused', async () => {
    shared = false;
    refusals = Infinity;
    const all = await Promise.allSettled(['a', 'b', 'c', 'd'].map(valueOf));
    expect(all.every(({ status }) => status === 'rejected')).toBe(true);
    expect([opened, underWayMost]).toEqual([1, 1]);
  });

  it('are one each for callers that share none', async () => {
    shared = false;
    const values = await Promise.all(['a', 'b', 'a', 'c'].map(valueOf));
    expect(values).toEqual(['session-1', 'session-2', 'session-1', 'session-3']);
  });

  it('are bounded in number: the one used the longest ago goes first', async () => {
    shared = false;
    for (let index = 0; index < 256; index += 1) await valueOf(`hdl_${index}`);
    await valueOf('hdl_0');
    await valueOf('hdl_new');
    expect(await valueOf('hdl_0')).toBe('session-1');
    expect(await valueOf('hdl_1')).toBe('session-258');
  });

  describe('when an answer says that one is no more', () => {
    it('are renewed once for all whose answer said so, early or late', async () => {
      const first = await sessions.current(aCaller());
      expect(first.session?.endedBy(OK)).toBe(false);
      const ended = Array.from({ length: 10 }, () => first.session?.endedBy(UNAUTHORIZED));
      expect(new Set(ended)).toEqual(new Set([true]));
      const renewed = await Promise.all(ended.map(async () => first.session?.renewed()));
      expect(first.session?.endedBy(UNAUTHORIZED)).toBe(true);
      renewed.push(await first.session?.renewed());
      expect(new Set(renewed.map((one) => one?.injector.confidential[0]))).toEqual(
        new Set(['session-2']),
      );
      expect(opened).toBe(2);
    });

    it('are kept when the one before ended so within ten seconds: the destination refuses them all', async () => {
      const first = await sessions.current(aCaller());
      first.session?.endedBy(UNAUTHORIZED);
      const second = await sessions.current(aCaller());
      clock.advance(9.999);
      expect(second.session?.endedBy(UNAUTHORIZED)).toBe(false);
      expect(sessions.current(aCaller())).toBe(second);
      clock.advance(0.001);
      expect(second.session?.endedBy(UNAUTHORIZED)).toBe(true);
    });
  });
});
