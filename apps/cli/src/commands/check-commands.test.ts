import { rmSync } from 'node:fs';
import { jest } from '@jest/globals';
import { Command } from 'commander';
import { makePosternFolder, type PosternFolder } from '../../../../test/support/postern-folder.js';
import { addConfig } from './config.js';
import { addGrants } from './grants.js';

let printed: string[];
let made: PosternFolder | undefined;
const before = { ...process.env };
beforeEach(() => {
  printed = [];
  jest.spyOn(console, 'log').mockImplementation((line) => void printed.push(String(line)));
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env = { ...before };
  if (made !== undefined) rmSync(made.folder, { recursive: true });
});

/** With the resource `ledger` changed so. */
async function postern(resource: Record<string, unknown>, ...args: string[]): Promise<void> {
  made = await makePosternFolder({ destination: 'http://127.0.0.1:9/api', resource });
  process.env['POSTERN_CONFIG'] = made.configFile;
  const program = new Command('postern').exitOverride();
  for (const add of [addConfig, addGrants]) add(program);
  await program.parseAsync(['node', 'postern', ...args]);
}

describe('postern config check', () => {
  it('names each exception that a resource makes, with its reason', async () => {
    const allow = { 'encoded-slash': 'vhosts are named /' };
    await postern({ allow, response: { scrub: { off: 'signed answers' } } }, 'config', 'check');
    expect(printed.slice(1)).toEqual([
      'resource ledger makes an exception: allow.encoded-slash, because: vhosts are named /',
      'resource ledger makes an exception: response.scrub: off, because: signed answers',
    ]);
  });

  it('says only that all is in order where there is none', async () => {
    await postern({}, 'config', 'check');
    expect(printed).toEqual([expect.stringMatching(/in order .* 1 resources/)]);
  });
});

describe('postern grants check', () => {
  it('warns of a grant with a scope that could reach the credential itself, and of no other', async () => {
    const scopes = { 'ledger.read': ['GET /accounts/{id}', 'PUT /users/{id}/password'] };
    await postern({ scopes: { ...scopes, 'ledger.echo': ['GET /echo'] } }, 'grants', 'check');
    const [finding, ...rest] = printed;
    expect(finding).toMatch(/settler-ledger\.yaml: credential_in_reach: scope ledger\.read covers/);
    expect(finding).toContain('"PUT /users/{id}/password"');
    expect(rest).toEqual([expect.stringMatching(/grants in order, 1 findings/)]);
    expect(process.exitCode).toBeUndefined();
  });
});
