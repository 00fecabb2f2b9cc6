import { randomId } from '#kernel';
import { callLedgerContract } from './call-ledger.contract.js';
import { InMemoryCallLedger } from './in-memory-call-ledger.js';

callLedgerContract(async () => {
  const ledger = new InMemoryCallLedger();
  return {
    ledger,
    twin: ledger,
    insertHandle: async (handle) => {
      const id = randomId('hdl');
      ledger.put({ id, ...handle });
      return id;
    },
    callsUsed: async (handleId) => ledger.callsUsed(handleId),
    outcomes: async (handleId) =>
      ledger.completed
        .filter(({ data }) => data.handle_id === handleId)
        .map(({ data }) => data.outcome),
    firstUses: async (handleId) =>
      ledger.firstUses.filter(({ data }) => data.handle_id === handleId).map(({ id }) => id),
    close: async () => undefined,
  };
});
