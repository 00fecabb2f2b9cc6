import { EvidenceBudget } from '#events';
import { BudgetedCallLedger } from '#injection';
import { aProxiedRegistration } from '#testing';
import { type Answer, CallPath, send } from './call-path.js';

const GRACE_SECONDS = 60;
const BUDGET_BYTES = 1_000;
const DRAINED_BYTES = 900;
const { call } = aProxiedRegistration();

/** What leaves no evidence is not done, however good a handle is: else a flood of events hides what comes after it. */
describe.each([
  ['strict', 'dependency-unavailable', 'dependency_unavailable'],
  ['buffered', 'overloaded', 'overloaded'],
] as const)('calls without room for evidence, with the audit %s', (audit, code, reason) => {
  let path: CallPath;
  let budget: EvidenceBudget;
  const attempt = async (): Promise<Answer> => {
    const { plaintext } = await path.parts.issue();
    const headers = { authorization: `Bearer ${plaintext}` };
    return send(path.port, '/proxy/ledger/accounts/42', { headers });
  };
  const pass = (seconds: number, bytes: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      path.parts.clock.advance(1);
      budget.measured(bytes);
    }
  };

  beforeEach(async () => {
    path = await CallPath.start({
      registration: { call: { ...call, audit } },
      ledgerOf: ({ clock, ledger }) => {
        const limits = { outboxBytesMax: BUDGET_BYTES, strictGraceSeconds: GRACE_SECONDS };
        budget = new EvidenceBudget({ clock, ...limits });
        return new BudgetedCallLedger({ ledger, budget });
      },
    });
    budget.measured(0);
  });
  afterEach(() => path.stop());

  it('go on while the budget is kept, and through the grace', async () => {
    expect((await attempt()).status).toBe(200);
    budget.measured(BUDGET_BYTES + 1);
    pass(GRACE_SECONDS - 1, BUDGET_BYTES + 1);
    expect((await attempt()).status).toBe(200);
  });

  it('are refused after the grace: nothing is counted, nothing sent, and the refusal is recorded', async () => {
    budget.measured(BUDGET_BYTES + 1);
    pass(GRACE_SECONDS, BUDGET_BYTES + 1);
    const { status, headers } = await attempt();
    expect([status, headers['postern-error'], headers['retry-after']]).toEqual([503, code, '1']);
    expect(path.backend.seen).toEqual([]);
    const denials = path.parts.journal.events.filter(
      ({ type }) => type === 'dev.postern.call.denied.v1',
    );
    expect(denials).toMatchObject([{ data: { reason } }]);
  });

  it('go on when a tenth of the budget is free again', async () => {
    budget.measured(BUDGET_BYTES + 1);
    pass(GRACE_SECONDS, BUDGET_BYTES + 1);
    pass(1, DRAINED_BYTES + 1);
    expect((await attempt()).status).toBe(503);
    pass(1, DRAINED_BYTES);
    expect((await attempt()).status).toBe(200);
  });
});
