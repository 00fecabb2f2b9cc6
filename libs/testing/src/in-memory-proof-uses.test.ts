import { DependencyUnavailable, sha256 } from '#kernel';
import { InMemoryProofUses } from './in-memory-proof-uses.js';
import { proofUsesContract } from './proof-uses.contract.js';

proofUsesContract(async () => {
  const uses = new InMemoryProofUses();
  return { uses, twin: uses, close: async () => undefined };
});

it('fails as a real memory does while it is told to be away', async () => {
  const uses = new InMemoryProofUses();
  const instant = new Date('2026-11-20T12:00:00Z');
  uses.setReachable(false);
  await expect(uses.use(sha256('x'), instant)).rejects.toThrow(DependencyUnavailable);
  await expect(uses.isUsed(sha256('x'))).rejects.toThrow(DependencyUnavailable);
  await expect(uses.purge(instant)).rejects.toThrow(DependencyUnavailable);
  uses.setReachable(true);
  expect(await uses.use(sha256('x'), instant)).toBe('first');
});
