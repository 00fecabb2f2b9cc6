import { callLedgerContract } from '#testing';
import { describeWithServer } from '#test-support';
import { aStoredHandle } from './handle-records.js';
import { LedgerFixture } from './ledger-fixture.js';

describe.each([18, 15] as const)('PostgreSQL %i', (major) => {
  describeWithServer('call ledger', `postgres-${major}`, () => {
    let fixture: LedgerFixture;

    beforeAll(async () => {
      fixture = await LedgerFixture.open(major);
    });
    afterAll(() => fixture.server.drop());

    callLedgerContract(async () => {
      await fixture.reset();
      return {
        ledger: await fixture.ledger(),
        twin: await fixture.ledger(),
        insertHandle: async ({ maxCalls, expiresAt, status }) => {
          const { id } = await fixture.issued({ maxCalls, expiresAt });
          await fixture.server.database.query(
            `update handle set status = $2, revoked_at = case $2 when 'revoked' then now() end
             where id = $1`,
            [id, status],
          );
          return id;
        },
        callsUsed: (id) => fixture.usedOf(aStoredHandle({ id })),
        outcomes: (id) => fixture.completions(aStoredHandle({ id })),
        firstUses: (id) => fixture.firstUses(aStoredHandle({ id })),
        close: () => fixture.closeLedgers(),
      };
    });
  });
});
