import { DependencyUnavailable } from '#kernel';
import { aCaller, aFormRequest, ExchangeUnderTest, InMemoryHandleStore } from '#testing';
import { authorizationServer } from './authorization-server.js';
import { type OAuthError } from './oauth-error.js';

let sts: ExchangeUnderTest;

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
});

const refusal = (expected: Partial<OAuthError>): Error =>
  expect.objectContaining(expected) as Error;

describe('when something is away', () => {
  it.each(['keys', 'handle store'] as const)(
    'gives no handle without the %s, says so, and records it',
    async (which) => {
      if (which === 'keys') sts.keys.setReachable(false);
      else sts.records.setReachable(false);
      await expect(sts.exchange()).rejects.toThrow(
        refusal({ code: 'temporarily_unavailable', reason: 'dependency_unavailable' }),
      );
      expect(sts.denials).toEqual([expect.objectContaining({ reason: 'dependency_unavailable' })]);
    },
  );

  it('gives no handle when its event cannot be recorded', async () => {
    sts.journal.setReachable(false);
    await expect(sts.exchange()).rejects.toThrow(refusal({ code: 'temporarily_unavailable' }));
    expect(sts.records.handles.size).toBe(0);
    expect(sts.records.uses.size).toBe(0);
  });

  it('answers a refusal that cannot be recorded by temporarily_unavailable, whatever the cause', async () => {
    sts.journal.setReachable(false);
    for (const parameters of [{ grant_type: 'foo' }, { audience: 'archive' }, { scope: 'x' }]) {
      await expect(sts.exchange(parameters)).rejects.toThrow(
        refusal({ code: 'temporarily_unavailable', reason: 'dependency_unavailable' }),
      );
    }
  });

  it('answers a fault of ours the same way, and keeps its message out of the event', async () => {
    class FaultyStore extends InMemoryHandleStore {
      override issue(): Promise<never> {
        return Promise.reject(new TypeError('the message holds the-handle-itself'));
      }
    }
    const faulty = authorizationServer({
      ...sts.parts,
      handles: new FaultyStore(sts.records),
    }).tokenExchange;
    const attempt = faulty.exchange(aFormRequest(await sts.baseline()), aCaller());
    await expect(attempt).rejects.toThrow(
      refusal({ code: 'temporarily_unavailable', reason: 'internal_error' }),
    );
    expect(sts.denials).toHaveLength(1);
    expect(JSON.stringify(sts.journal.events)).not.toContain('the-handle-itself');
    await expect(attempt).rejects.not.toThrow(DependencyUnavailable);
  });
});
