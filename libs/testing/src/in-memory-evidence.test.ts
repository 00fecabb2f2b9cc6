import { DependencyUnavailable } from '#kernel';
import { evidenceContract } from './evidence.contract.js';
import { InMemoryEventJournal } from './in-memory-event-journal.js';
import { InMemoryEvidence } from './in-memory-evidence.js';

evidenceContract(async () => {
  const journal = new InMemoryEventJournal();
  return { journal, evidence: new InMemoryEvidence(journal), close: async () => undefined };
});

it('is away when it is told to be', async () => {
  const evidence = new InMemoryEvidence(new InMemoryEventJournal());
  evidence.setReachable(false);
  await expect(evidence.findByCorrelation('req_a', 1)).rejects.toThrow(DependencyUnavailable);
});
