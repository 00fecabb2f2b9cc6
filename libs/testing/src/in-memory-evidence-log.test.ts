import { evidenceHistoryContract } from './evidence-history.contract.js';
import { InMemoryEvidenceHistory, InMemoryEvidenceLog } from './in-memory-evidence-log.js';

describe('InMemoryEvidenceLog', () => {
  evidenceHistoryContract(async () => {
    const log = new InMemoryEvidenceLog();
    return { log, history: new InMemoryEvidenceHistory(log), close: async () => undefined };
  });
});
