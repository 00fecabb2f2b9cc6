import { EvidenceBudget } from '#events';
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

  it('gives no handle while evidence cannot be kept, says so in the event, and looks at nothing', async () => {
    const budget = new EvidenceBudget({
      clock: sts.clock,
      outboxBytesMax: 1_000,
      strictGraceSeconds: 900,
    });
    const strict = sts.twin({ ports: { evidence: budget }, records: sts.records });
    budget.measured(1_000);
    await expect(strict.exchange()).resolves.toMatchObject({ tokenType: 'Bearer' });
    budget.measured(1_001);
    strict.keys.setReachable(false);
    await expect(strict.exchange()).rejects.toThrow(
      refusal({ code: 'temporarily_unavailable', reason: 'dependency_unavailable' }),
    );
    expect(sts.denials).toEqual([
      expect.objectContaining({
        reason: 'dependency_unavailable',
        detail: 'evidence cannot be kept: 1001 bytes of events wait in the outbox, of 1000',
      }),
    ]);
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
