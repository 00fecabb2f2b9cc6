import { type Restriction, type RestrictionTerms } from '#handles';
import { secondsAfter } from '#kernel';
import { aDenialEvent, aRestriction, TEST_NOW } from '#testing';
import { type AdminApi } from '../../../../test/support/admin-api.js';
import { OperatorRun } from '../../../../test/support/command-run.js';
import { addRestrictions } from './restrictions.js';

let cli: OperatorRun;
let api: AdminApi;
let printed: string[];
let said: string[];
beforeEach(async () => {
  cli = await OperatorRun.begin(addRestrictions);
  ({ api, printed, said } = cli);
});
afterEach(() => cli.end());

const restrictions = (...args: readonly string[]): Promise<void> =>
  cli.ask('restrictions', ...args);

async function imposed(terms: RestrictionTerms): Promise<Restriction> {
  const times = { imposedAt: TEST_NOW, until: secondsAfter(TEST_NOW, 600) };
  const restriction = aRestriction(terms, times);
  await api.detection.restrictions.impose(restriction, aDenialEvent());
  return restriction;
}

describe('postern restrictions', () => {
  it.each<[RestrictionTerms, string]>([
    [
      { kind: 'exchange_rate', entityId: 'sub_1', limit: 20 },
      'exchange_rate  subject:sub_1  limit 20',
    ],
    [{ kind: 'source_block', entityId: 'office' }, 'source_block  source:office  all'],
    [
      { kind: 'known_credentials_only', entityId: 'sub_1', resources: ['ledger'] },
      'known_credentials_only  subject:sub_1  1 resources stay open',
    ],
  ])('lists those that stand: %j', async (terms, told) => {
    const { id, until } = await imposed(terms);
    await restrictions('list');
    expect(printed).toEqual([`${id}  ${told}  until ${until.toISOString()}  D10  det_1`]);
  });

  it('says that none stands where a person reads it, and nothing to a script', async () => {
    await restrictions('list');
    expect([printed, said]).toEqual([[], ['no restriction\n']]);
  });

  it('lifts one, with a reason', async () => {
    const { id } = await imposed({ kind: 'source_block', entityId: 'office' });
    await restrictions('lift', id, '--reason', 'our own test');
    expect(printed).toEqual([expect.stringContaining(`lifted ${TEST_NOW.toISOString()}`)]);
    const told = api.records.journal.of('dev.postern.restriction.lifted.v1');
    expect(told).toMatchObject([{ restriction_id: id, reason: 'our own test' }]);
    printed.length = 0;
    await restrictions('list');
    expect(printed).toEqual([]);
  });

  it('says that there is none of that id', async () => {
    await expect(restrictions('lift', 'rst_none')).rejects.toThrow('no restriction has the id');
  });

  it('prints nothing that could move the cursor', async () => {
    await imposed({ kind: 'source_block', entityId: 'of\u001b[2Jfice' });
    await restrictions('list');
    expect(printed[0]).toContain('of\\u001b[2Jfice');
  });
});
