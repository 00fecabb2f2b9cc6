import { parseHandle } from '#handles';
import { type AdminApi } from '../../../../test/support/admin-api.js';
import { OperatorRun } from '../../../../test/support/command-run.js';
import { addCanary } from './canary.js';

let cli: OperatorRun;
let api: AdminApi;
let printed: string[];
let said: string[];
beforeEach(async () => {
  cli = await OperatorRun.begin(addCanary);
  ({ api, printed, said } = cli);
});
afterEach(() => cli.end());

const canary = (...args: readonly string[]): Promise<void> => cli.ask('canary', ...args);
const create = (kind = 'handle'): Promise<void> =>
  canary('create', '--kind', kind, '--note', 'in the wiki');

describe('postern canary', () => {
  it('prints what is to be planted, alone, and its id beside', async () => {
    await create();
    expect(printed).toHaveLength(1);
    expect(parseHandle(printed[0]!).kind).toBe('handle');
    const id = (await api.canaries.list({ limit: 10 }))[0]!.id;
    expect(said.join('')).toContain(id);
    expect(said.join('')).not.toContain(printed[0]);
  });

  it('lists those that there are, without what they are', async () => {
    await create();
    await create('credential');
    const plaintexts = printed.splice(0);
    await canary('list');
    expect(printed).toHaveLength(2);
    for (const line of printed)
      expect(line).toMatch(/^can_\S+ {2}\w+ {2}\S+ {2}live {2}in the wiki$/);
    for (const plaintext of plaintexts) expect(printed.join()).not.toContain(plaintext);
  });

  it('ends one', async () => {
    await create();
    const id = (await api.canaries.list({ limit: 10 }))[0]!.id;
    await canary('end', id);
    expect(printed.at(-1)).toContain(' ended ');
    expect(await api.canaries.live()).toEqual([]);
  });

  it('says what is missing, and what was refused', async () => {
    await expect(canary('create', '--kind', 'handle')).rejects.toMatchObject({ code: 'usage' });
    await expect(create('token')).rejects.toMatchObject({ status: 400 });
    await expect(canary('end', 'can_none')).rejects.toMatchObject({ status: 404 });
    expect(printed).toEqual([]);
  });
});
