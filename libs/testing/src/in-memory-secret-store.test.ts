import {
  InMemorySecretStore,
  secretStoreContract,
  secretWithdrawalContract,
  type WithdrawingStoreUnderTest,
} from '#testing';

const make = async (): Promise<WithdrawingStoreUnderTest> => {
  const store = new InMemorySecretStore();
  return {
    store,
    mount: 'secret',
    put: (ref, fields) => store.put(ref, fields),
    delete: async (ref, version) => store.mark(ref, version, 'deleted'),
    undelete: async (ref, version) => store.mark(ref, version, 'readable'),
    destroy: async (ref, version) => store.mark(ref, version, 'destroyed'),
    erase: async (ref) => store.erase(ref),
    close: async () => undefined,
  };
};

describe('the in-memory secret store', () => {
  secretStoreContract(make);
  secretWithdrawalContract(make);
});
