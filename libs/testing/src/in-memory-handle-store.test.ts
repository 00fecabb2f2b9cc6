import { DependencyUnavailable, sha256 } from '#kernel';
import { aHandle, aHandleIssue } from './handle-builders.js';
import { handleStoreContract } from './handle-store.contract.js';
import { InMemoryHandleStore, InMemorySubjectTokenUses } from './in-memory-handle-store.js';
import { inMemoryOrderStores } from './in-memory-order-stores.js';
import { subjectTokenUsesContract } from './subject-token-uses.contract.js';

function make() {
  const store = new InMemoryHandleStore();
  const { records } = store;
  return {
    store,
    twin: new InMemoryHandleStore(records),
    control: store,
    ...inMemoryOrderStores(records),
    uses: new InMemorySubjectTokenUses(records),
    eventTypes: async (id: string) =>
      records.journal.events
        .filter(({ partitionkey }) => partitionkey === id)
        .map(({ type }) => type),
    close: async () => undefined,
  };
}

handleStoreContract(async () => make());
subjectTokenUsesContract(async () => make());

it('fails as a real store does while it is told to be away', async () => {
  const { store, uses } = make();
  store.records.setReachable(false);
  await expect(store.findByDigest(sha256('x'))).rejects.toThrow(DependencyUnavailable);
  await expect(store.issue(aHandleIssue(aHandle()))).rejects.toThrow(DependencyUnavailable);
  await expect(uses.find(sha256('x'))).rejects.toThrow(DependencyUnavailable);
});
