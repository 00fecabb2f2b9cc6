import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Command } from 'commander';
import { type DpopProver } from '#client';
import { DpopNonces, type Handle } from '#handles';
import { aDenialEvent, TEST_NOW, TEST_ORIGIN } from '#testing';
import { AdminApi } from '../../../../test/support/admin-api.js';
import { openOrCreateDpopKey } from '../dpop-key-file.js';
import { addExplain } from './explain.js';
import { addRevoke } from './revoke.js';
import { addSuspend } from './suspend.js';

/** All but the clock that proofs are dated by goes on as ever. */
const TIMERS = [
  ...['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'],
  ...['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'],
] as const;

let api: AdminApi;
let folder: string;
let printed: string[];
beforeEach(async () => {
  jest.useFakeTimers({ now: TEST_NOW, doNotFake: [...TIMERS] as never });
  const nonces = new DpopNonces({ key: randomBytes(32), label: 'token' });
  api = new AdminApi({ nonces });
  await api.start();
  folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
  printed = [];
  jest.spyOn(console, 'log').mockImplementation((line) => void printed.push(String(line)));
  jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
});
afterEach(async () => {
  jest.restoreAllMocks();
  jest.useRealTimers();
  await api.host.close(0);
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);

/** An operator handle in a file, bound to the key in a file. */
async function operatorBoundTo(prover: DpopProver): Promise<void> {
  const binding = { kind: 'dpop', jkt: prover.jkt } as const;
  const scopes = ['admin.read', 'admin.revoke'];
  const { plaintext } = await api.issue({ resource: 'postern', scopes, binding });
  writeFileSync(at('operator'), plaintext);
}
const keyFile = (): Promise<DpopProver> => openOrCreateDpopKey(at('key.jwk'), () => undefined);

async function postern(command: string, ...args: readonly string[]): Promise<void> {
  const program = new Command('postern').exitOverride();
  for (const add of [addExplain, addRevoke, addSuspend]) add(program);
  const admin = `http://127.0.0.1:${api.host.address.port}`;
  const where = ['--admin', admin, '--origin', TEST_ORIGIN, '--handle-file', at('operator')];
  await program.parseAsync(['node', 'postern', command, ...where, ...args]);
}
const revokeOne = ({ id }: Handle, ...args: readonly string[]): Promise<void> =>
  postern('revoke', '--scope', 'handle', '--id', id, '--reason', 'a test', ...args);
const stateOf = async ({ id }: Handle): Promise<string> => (await api.handles.findById(id))!.status;

describe('an operator whose handle is bound to a key', () => {
  beforeEach(async () => operatorBoundTo(await keyFile()));

  it('revokes with that key, where proofs need a nonce and name the public origin', async () => {
    const { handle } = await api.issue();
    await revokeOne(handle, '--dpop-key', at('key.jwk'));
    expect(printed).toEqual([handle.id]);
    expect(await stateOf(handle)).toBe('revoked');
  });

  it('has a request explained with that key', async () => {
    const denial = aDenialEvent();
    await api.records.journal.append([denial]);
    await postern('explain', denial.correlationid, '--dpop-key', at('key.jwk'));
    expect(printed[0]).toContain(denial.correlationid);
  });

  it('is refused without the key, and with another', async () => {
    const { handle } = await api.issue();
    const refusal = { name: 'PosternRefused', status: 401 };
    await expect(revokeOne(handle)).rejects.toMatchObject(refusal);
    await openOrCreateDpopKey(at('other.jwk'), () => undefined);
    const withOther = revokeOne(handle, '--dpop-key', at('other.jwk'));
    await expect(withOther).rejects.toMatchObject(refusal);
    expect([printed, await stateOf(handle)]).toEqual([[], 'active']);
  });

  it('is told when the key file is not there, and makes none', async () => {
    const { handle } = await api.issue();
    const attempt = revokeOne(handle, '--dpop-key', at('absent.jwk'));
    await expect(attempt).rejects.toMatchObject({ code: 'usage' });
    expect(() => readFileSync(at('absent.jwk'))).toThrow('ENOENT');
  });
});

it('an operator whose handle is not bound revokes without a key', async () => {
  const { handle } = await api.issue();
  writeFileSync(at('operator'), (await api.operator('admin.revoke')).plaintext);
  await revokeOne(handle);
  expect(printed).toEqual([handle.id]);
});

it('an operator is told when the admin API does not answer, and when another server does', async () => {
  const { handle } = await api.issue();
  writeFileSync(at('operator'), (await api.operator('admin.revoke')).plaintext);
  const away = revokeOne(handle, '--admin', 'http://127.0.0.1:1');
  await expect(away).rejects.toThrow('the admin API does not answer');
  const elsewhere = `http://127.0.0.1:${api.host.address.port}/elsewhere`;
  await expect(revokeOne(handle, '--admin', elsewhere)).rejects.toMatchObject({ status: 404 });
});

describe('an order of an operator', () => {
  beforeEach(async () => {
    writeFileSync(at('operator'), (await api.operator('admin.revoke')).plaintext);
  });
  const reason = ['--reason', 'a test'];

  it('suspends and resumes, and prints what it changed', async () => {
    const { handle } = await api.issue();
    const named = ['--scope', 'resource', '--id', 'ledger', ...reason];
    await postern('suspend', ...named);
    expect(await stateOf(handle)).toBe('suspended');
    await postern('resume', ...named);
    expect(await stateOf(handle)).toBe('active');
    await postern('resume', ...named);
    expect(printed).toEqual([handle.id, handle.id]);
  });

  it('revokes by key and by task', async () => {
    const subject = { issuer: 'https://idp.test', subject: 's', id: 'sub_9' };
    const { handle: one } = await api.issue({ subject, task: 'task-1', subjectTokenKeyId: 'old' });
    const { handle: two } = await api.issue({ subject, subjectTokenKeyId: 'kid-9' });
    await postern(
      'revoke',
      '--scope',
      'task',
      '--id',
      'task-1',
      '--subject-id',
      'sub_9',
      ...reason,
    );
    const key = ['--scope', 'key', '--id', 'kid-9', '--issuer', subject.issuer];
    await postern('revoke', ...key, ...reason);
    expect(printed).toEqual([one.id, two.id]);
  });

  it.each([
    [['--scope', 'resource', '--id', 'ledger']],
    [['--scope', 'resource', ...reason]],
    [['--id', 'ledger', ...reason]],
    [['--scope', 'key', '--id', 'k', ...reason]],
    [['--scope', 'task', '--id', 't', ...reason]],
    [['--scope', 'resource', '--id', 'ledger', '--issuer', 'https://idp.test', ...reason]],
    [['--id', 'ledger']],
  ])('that does not say all of it is none: %j', async (options) => {
    const { handle } = await api.issue();
    for (const verb of ['revoke', 'suspend', 'resume']) {
      await expect(postern(verb, ...options)).rejects.toMatchObject({ code: 'usage' });
    }
    expect(await stateOf(handle)).toBe('active');
  });
});
