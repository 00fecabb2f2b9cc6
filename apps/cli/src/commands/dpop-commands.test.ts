import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Command } from 'commander';
import { DpopServer } from '../../../../test/support/dpop-server.js';
import { addCall } from './call.js';
import { addExchange } from './exchange.js';
import { addRevoke } from './revoke.js';

let server: DpopServer;
let folder: string;
let printed: string[];
let warned: string;
beforeEach(async () => {
  server = await DpopServer.start();
  server.legacyAnswer = { status: 204 };
  folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
  writeFileSync(join(folder, 'subject'), 'a.b.c\n');
  writeFileSync(join(folder, 'actor'), 'd.e.f\n');
  printed = [];
  warned = '';
  jest.spyOn(console, 'log').mockImplementation((line) => void printed.push(String(line)));
  jest.spyOn(process.stderr, 'write').mockImplementation((line) => {
    warned += String(line);
    return true;
  });
});
afterEach(async () => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
  await server.stop();
});

const at = (name: string): string => join(folder, name);

async function postern(...args: readonly string[]): Promise<void> {
  const program = new Command('postern');
  for (const add of [addExchange, addCall, addRevoke]) add(program);
  const [command = '', ...rest] = args;
  await program.parseAsync(['node', 'postern', command, '--origin', server.origin, ...rest]);
}

const exchange = (...args: readonly string[]): Promise<void> =>
  postern('exchange', 'ledger', '--subject-token-file', at('subject'), ...args);

const formSent = (): URLSearchParams => new URLSearchParams(server.seen.at(-1)!.body);

it('exchanges with a key file that it makes, and calls with the same one', async () => {
  await exchange('--dpop-key', at('key.jwk'));
  expect(statSync(at('key.jwk')).mode & 0o777).toBe(0o600);
  expect(warned).toContain('made with a new key');
  writeFileSync(at('handle'), printed[0]!);
  const proof = ['--dpop-key', at('key.jwk')];
  await postern('call', 'ledger', 'accounts/42', '--handle-file', at('handle'), ...proof);
  expect(warned).toContain('204');
  expect(server.seen.map(({ proof }) => proof?.jkt)).toEqual(
    Array(4).fill(server.seen[0]!.proof!.jkt),
  );
});

it('sends a body twice when Postern wants a nonce', async () => {
  await exchange('--dpop-key', at('key.jwk'));
  writeFileSync(at('handle'), printed[0]!);
  writeFileSync(at('body'), '{"amount":1}');
  await postern(
    ...['call', 'ledger', 'entries', '-X', 'POST', '--handle-file', at('handle')],
    ...['--body-file', at('body'), '--dpop-key', at('key.jwk')],
  );
  expect(server.seen.slice(2).map(({ body }) => body)).toEqual(Array(2).fill('{"amount":1}'));
});

it('a bound handle is refused without its key', async () => {
  await exchange('--dpop-key', at('key.jwk'));
  writeFileSync(at('handle'), printed[0]!);
  const call = postern('call', 'ledger', 'accounts/42', '--handle-file', at('handle'));
  await expect(call).rejects.toMatchObject({ name: 'PosternRefused', code: 'invalid_token' });
});

it('prints no handle that is not bound when a key was given', async () => {
  server.tokenType = 'Bearer';
  await expect(exchange('--dpop-key', at('key.jwk'))).rejects.toMatchObject({ code: 'downgraded' });
  expect(printed).toEqual([]);
});

it('refuses a key file that others may read before it sends anything', async () => {
  writeFileSync(at('key.jwk'), '{}', { mode: 0o644 });
  await expect(exchange('--dpop-key', at('key.jwk'))).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('chmod 600') as unknown,
  });
  expect(server.seen).toHaveLength(0);
  expect(readFileSync(at('key.jwk'), 'utf8')).toBe('{}');
});

it('exchanges without a key as before', async () => {
  await exchange('--json');
  expect(JSON.parse(printed[0]!)).toMatchObject({ handleId: 'hdl_1', tokenType: 'Bearer' });
  expect(server.seen[0]!.headers).not.toHaveProperty('dpop');
  expect(formSent().has('authorization_details')).toBe(false);
});

it('reads the actor token from a file', async () => {
  await exchange('--actor-token', at('actor'));
  expect(formSent().get('actor_token')).toBe('d.e.f');
  expect(formSent().get('subject_token')).toBe('a.b.c');
});

it('refuses two tokens from standard input', async () => {
  await expect(postern('exchange', 'ledger', '--actor-token', '-')).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('holds one token') as unknown,
  });
});

it('asks for one operation, a task, calls and life', async () => {
  await exchange(
    ...['--method', 'GET', '--path', 'accounts/42', '--task', 'settlement-7'],
    ...['--max-calls', '3', '--expires-in', '60'],
  );
  expect(JSON.parse(formSent().get('authorization_details')!)).toEqual([
    {
      type: 'urn:postern:call',
      method: 'GET',
      path: '/accounts/42',
      task: 'settlement-7',
      maxCalls: 3,
      expires_in: 60,
    },
  ]);
});

it.each([
  [['--method', 'GET'], /go together/],
  [['--path', 'accounts'], /go together/],
  [['--max-calls', '0'], /--max-calls: expected a whole number/],
  [['--max-calls', '1.5'], /--max-calls: expected a whole number/],
  [['--expires-in', '5m'], /--expires-in: expected a whole number/],
])('refuses %j before it sends anything', async (args, message) => {
  await expect(exchange(...args)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringMatching(message) as unknown,
  });
  expect(server.seen).toHaveLength(0);
});

describe('a bound handle that is to take its task along', () => {
  beforeEach(async () => {
    await exchange('--dpop-key', at('key.jwk'));
    writeFileSync(at('handle'), printed[0]!);
  });
  const revoke = (...args: readonly string[]): Promise<void> =>
    postern('revoke', '--handle-file', at('handle'), ...args);

  it('is revoked with the proof of its key, after the demand for a nonce', async () => {
    await revoke('--cascade', 'task', '--dpop-key', at('key.jwk'));
    expect(formSent().get('cascade')).toBe('task');
    const [first, second] = server.seen.slice(2);
    expect(first!.proof!.claims).not.toHaveProperty('nonce');
    expect(second!.proof!.claims).toHaveProperty('nonce');
    expect(second!.proof!.jkt).toBe(server.seen[0]!.proof!.jkt);
    expect(printed[1]).toBe('revoked');
  });

  it('is refused without the key', async () => {
    await expect(revoke('--cascade', 'task')).rejects.toMatchObject({
      name: 'PosternRefused',
      code: 'invalid_dpop_proof',
    });
    expect(printed).toHaveLength(1);
  });

  it.each([
    [['--cascade', 'all'], /expected family or task/],
    [['--cascade', 'task', '--scope', 'subject'], /no --cascade/],
  ])('%j is refused before anything is sent', async (args, message) => {
    const sent = server.seen.length;
    await expect(revoke(...args)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message) as unknown,
    });
    expect(server.seen).toHaveLength(sent);
  });
});

it('revokes a bound handle without its key', async () => {
  await exchange('--dpop-key', at('key.jwk'));
  writeFileSync(at('handle'), printed[0]!);
  await postern('revoke', '--handle-file', at('handle'));
  expect(formSent().get('token')).toBe(printed[0]);
  expect(printed[1]).toBe('revoked');
});
