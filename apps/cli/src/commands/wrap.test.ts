import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { jest } from '@jest/globals';
import { Command } from 'commander';
import { parse, stringify } from 'yaml';
import { SystemClock } from '#kernel';
import { addWrap } from './wrap.js';

const TOKEN = `hvs.${'A'.repeat(24)}`;
const PATH = 'secret/data/intake/ledger';

let folder: string;
let vault: Server;
let answer: { status: number; body: object };
let asked: IncomingMessage[];
let printed: string[];
const environment = { ...process.env };

beforeEach(async () => {
  asked = [];
  vault = createServer((request, response) => {
    asked.push(request);
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((done) => vault.listen(0, '127.0.0.1', done));
  folder = mkdtempSync(join(tmpdir(), 'postern-wrap-'));
  process.env['VAULT_ADDR'] = `http://127.0.0.1:${(vault.address() as AddressInfo).port}`;
  process.env['VAULT_TOKEN'] = 'of-the-administrator';
  process.env['POSTERN_CONFIG'] = configured();
  process.exitCode = undefined;
  printed = [];
  jest.spyOn(console, 'log').mockImplementation((line) => void printed.push(String(line)));
  jest
    .spyOn(process, 'stdin', 'get')
    .mockReturnValue(Readable.from([Buffer.from(TOKEN)]) as unknown as typeof process.stdin);
});
afterEach(async () => {
  jest.restoreAllMocks();
  process.env = { ...environment };
  process.exitCode = undefined;
  await new Promise((done) => vault.close(done));
  rmSync(folder, { recursive: true });
});

/** A postern.yaml whose resource takes wrapping tokens from PATH. */
function configured(): string {
  const least = parse(readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8')) as {
    resources: object[];
  };
  const rotation = { verify: ['GET /'], wrapped: { creationPath: PATH } };
  const file = join(folder, 'postern.yaml');
  writeFileSync(file, stringify({ ...least, resources: [{ ...least.resources[0], rotation }] }));
  return file;
}

/** Vault knows a token that was made so long ago. */
function known(secondsAgo: number, path = PATH, ttl = 600): void {
  const createdAt = new Date(new SystemClock().now().getTime() - secondsAgo * 1000);
  const data = { creation_path: path, creation_time: createdAt.toISOString(), creation_ttl: ttl };
  answer = { status: 200, body: { data } };
}

async function postern(...args: readonly string[]): Promise<void> {
  const program = new Command('postern').exitOverride();
  addWrap(program);
  await program.parseAsync(['node', 'postern', 'wrap', 'verify', ...args]);
}

describe('postern wrap verify', () => {
  it('tells where a token comes from and how long it is good, and asks with nothing but the token', async () => {
    known(10);
    await postern('ledger');
    expect(printed).toEqual([
      `creation path  ${PATH}`,
      expect.stringMatching(/^created at {5}20/),
      expect.stringMatching(/^good until {5}20/),
      'genuine: it has not been used',
    ]);
    expect(process.exitCode).toBeUndefined();
    expect(
      asked.map(({ method, url, headers }) => [method, url, headers['x-vault-token']]),
    ).toEqual([['POST', '/v1/sys/wrapping/lookup', TOKEN]]);
    expect(printed.join('')).not.toContain(TOKEN);
  });

  it.each<[string, () => void, readonly string[], string]>([
    ['of another path', () => known(10, 'secret/data/other'), ['ledger'], 'wrong_path: '],
    ['that was wrapped again', () => known(10, 'sys/wrapping/wrap'), [], 'rewrapped: '],
    ['that is too old', () => known(901, PATH, 900), ['ledger'], 'too_old: '],
    ['that lives too long', () => known(10, PATH, 3600), ['ledger'], 'ttl_too_long: '],
    [
      'that Vault does not know',
      () => {
        const errors = ['wrapping token is not valid or does not exist'];
        answer = { status: 400, body: { errors } };
      },
      ['ledger'],
      'already_unwrapped: ',
    ],
  ])('says so of a token %s, and ends with 1', async (_, make, args, verdict) => {
    make();
    await postern(...args);
    expect(printed.at(-1)).toContain(verdict);
    expect(process.exitCode).toBe(1);
  });

  it('judges nothing but what anybody can see without a resource', async () => {
    known(10, 'secret/data/other', 7200);
    await postern();
    expect(printed.at(-1)).toContain('name a resource to have it judged');
    expect(process.exitCode).toBeUndefined();
  });

  it.each<[string, readonly string[], string]>([
    ['with the token as an argument', [TOKEN], 'give the new token on standard input'],
    ['for a resource that takes none', ['archive'], 'no such resource'],
  ])('is refused %s, and Vault is not asked', async (_, args, told) => {
    const attempt = postern(...args);
    await expect(attempt).rejects.toThrow(told);
    await expect(attempt).rejects.not.toThrow(TOKEN);
    expect(asked).toEqual([]);
  });

  it.each(['hunter2', `eyJhbGciOiJFUzUxMiJ9.${'e'.repeat(30)}.${'s'.repeat(30)}`])(
    'is refused what a rotator would not take, %s, and Vault does not see it',
    async (text) => {
      jest
        .spyOn(process, 'stdin', 'get')
        .mockReturnValue(Readable.from([Buffer.from(text)]) as unknown as typeof process.stdin);
      known(10);
      const attempt = postern('ledger');
      await expect(attempt).rejects.toThrow('this is no wrapping token');
      await expect(attempt).rejects.not.toThrow(text);
      expect(asked).toEqual([]);
    },
  );

  it('says so of a token of another namespace, and which', async () => {
    const text = `s.${'A'.repeat(24)}.XgtkxK`;
    jest
      .spyOn(process, 'stdin', 'get')
      .mockReturnValue(Readable.from([Buffer.from(text)]) as unknown as typeof process.stdin);
    known(10);
    await postern('ledger');
    expect(printed[0]).toBe(`creation path  ${PATH} in namespace XgtkxK`);
    expect(printed.at(-1)).toContain('wrong_path: ');
    expect(process.exitCode).toBe(1);
  });

  it('needs to be told which Vault', async () => {
    delete process.env['VAULT_ADDR'];
    await expect(postern()).rejects.toThrow('VAULT_ADDR is not set');
  });
});
