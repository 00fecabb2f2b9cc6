import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Command } from 'commander';
import { parseHandle } from '#handles';
import { TEST_ORIGIN } from '#testing';
import { AdminApi } from '../../../../test/support/admin-api.js';
import { addCanary } from './canary.js';

let api: AdminApi;
let folder: string;
let printed: string[];
let said: string[];
beforeEach(async () => {
  api = new AdminApi();
  await api.start();
  folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
  const { plaintext } = await api.operator('admin.read', 'admin.revoke');
  writeFileSync(join(folder, 'operator'), plaintext);
  [printed, said] = [[], []];
  jest.spyOn(console, 'log').mockImplementation((line) => void printed.push(String(line)));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await api.host.close(0);
  rmSync(folder, { recursive: true });
});

async function canary(...args: readonly string[]): Promise<void> {
  const program = new Command('postern').exitOverride();
  addCanary(program);
  const admin = `http://127.0.0.1:${api.host.address.port}`;
  const where = ['--admin', admin, '--origin', TEST_ORIGIN];
  const by = ['--handle-file', join(folder, 'operator')];
  await program.parseAsync(['node', 'postern', 'canary', ...args, ...where, ...by]);
}

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
