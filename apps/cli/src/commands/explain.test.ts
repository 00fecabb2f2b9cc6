import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Command } from 'commander';
import { PosternRefused } from '#client';
import { DependencyUnavailable } from '#kernel';
import { aDenialEvent } from '#testing';
import { AdminApi } from '../../../../test/support/admin-api.js';
import { addExplain, type Explanation, explanationLines } from './explain.js';

let api: AdminApi;
let folder: string;
let handleFile: string;
let printed: string[];

beforeEach(async () => {
  api = new AdminApi();
  await api.start();
  folder = await mkdtemp(join(tmpdir(), 'postern-cli-'));
  handleFile = join(folder, 'handle');
  await writeFile(handleFile, `${(await api.operator('admin.read')).plaintext}\n`);
  printed = [];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
});
afterEach(async () => {
  jest.restoreAllMocks();
  await api.host.close(0);
  await rm(folder, { recursive: true });
});

const origin = (): string => `http://127.0.0.1:${api.host.address.port}`;

async function run(...args: readonly string[]): Promise<void> {
  const program = new Command().exitOverride();
  addExplain(program);
  const settings = ['--admin', origin(), '--handle-file', handleFile];
  await program.parseAsync(['node', 'postern', 'explain', ...settings, ...args]);
}

describe('postern grants explain', () => {
  it('prints which step refused, what was compared, and the events', async () => {
    const denial = aDenialEvent();
    await api.records.journal.append([denial]);
    await run(denial.correlationid);
    expect(printed).toEqual([
      `${denial.time} exchange deny ${denial.correlationid}`,
      '  step          parse',
      '  reason        malformed_request',
      '  compared      a contract test',
      'events:',
      expect.stringContaining(`exchange.denied.v1 ${denial.subject}`),
    ]);
  });

  it('prints the answer as it is for programs', async () => {
    const denial = aDenialEvent();
    await api.records.journal.append([denial]);
    await run(denial.correlationid, '--json');
    expect(printed).toHaveLength(1);
    expect(JSON.parse(printed[0]!)).toMatchObject({
      correlation_id: denial.correlationid,
      step: 'parse',
      events: [{ id: denial.id }],
    });
  });

  it('says that nothing is known of a correlation id, and how long anything is', async () => {
    const unknown = run('req_none');
    await expect(unknown).rejects.toThrow(PosternRefused);
    await expect(unknown).rejects.toThrow(/for 3 days at least.*\(404\)/);
    expect(printed).toEqual([]);
  });

  it('asks for that correlation id and nothing else, whatever is in it', async () => {
    await expect(run('../handles')).rejects.toThrow('(404)');
    await expect(run('req_1?x=1')).rejects.toThrow(/no event has this correlation id.*\(404\)/);
  });

  it('is refused without admin.read', async () => {
    await writeFile(handleFile, (await api.operator('admin.revoke')).plaintext);
    await expect(run('req_1')).rejects.toThrow('(403)');
  });

  it('says where nothing answers', async () => {
    const admin = 'http://127.0.0.1:1';
    const asked = run('req_1', '--admin', admin);
    await expect(asked).rejects.toThrow(DependencyUnavailable);
    await expect(asked).rejects.toThrow(`does not answer at ${admin}: name it with --admin`);
  });

  it.each([
    ['with a page', 200, {}, '<html>', PosternRefused],
    ['with other JSON', 200, {}, '{"handles":[]}', PosternRefused],
    ['with a redirect', 307, { location: 'http://127.0.0.1:1/' }, '', DependencyUnavailable],
  ] as const)('takes nothing from a server that answers %s', async (...answer) => {
    const [, status, headers, body, failure] = answer;
    const other = createServer((_, response) => response.writeHead(status, headers).end(body));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(run('req_1', '--admin', `http://127.0.0.1:${port}`)).rejects.toThrow(failure);
    expect(printed).toEqual([]);
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('the lines of an explanation', () => {
  const told: Explanation = {
    correlation_id: 'req_1',
    kind: 'exchange',
    effect: 'deny',
    step: 'decide',
    reason: 'not_allowed',
    compared: 'no grant gives it',
    closest_grant: { id: 'settlement-reads-ledger', version: 3 },
    grant_set_digest: 'd1',
    at: '2026-11-20T12:00:00.000Z',
    subject: { id: 'sub_1', issuer: 'https://idp.test', subject: 'settler' },
    actors: [{ issuer: 'https://idp.test', subject: 'agent' }],
    handle_id: null,
    events: [],
    has_more: false,
  };

  it('are one a fact, and none for what is not known', () => {
    expect(explanationLines(told)).toEqual([
      '2026-11-20T12:00:00.000Z exchange deny req_1',
      '  step          decide',
      '  reason        not_allowed',
      '  compared      no grant gives it',
      '  closest grant settlement-reads-ledger version 3',
      '  grant set     d1',
      '  subject       settler',
      '  issuer        https://idp.test',
      '  subject id    sub_1',
      '  actor         agent of https://idp.test',
      'events:',
    ]);
  });

  it('call the grant of a permit by its name, with the version where it is known', () => {
    const lines = explanationLines({ ...told, effect: 'permit', closest_grant: { id: 'a' } });
    expect(lines).toContain('  grant         a');
  });

  it('are printable ASCII, whatever a caller sent', () => {
    const event = { type: 'x', data: { method: '\u001b[2J' } };
    const compared = 'a\u001b[2J\n\u202eb\u00e9';
    const lines = explanationLines({ ...told, compared, events: [event, { ...aDenialEvent() }] });
    expect(lines.join('')).toMatch(/^[\x20-\x7e]+$/);
    expect(lines).toContain(String.raw`  compared      a\u001b[2J\u000a\u202eb\u00e9`);
  });

  it('say that there are more events than these', () => {
    expect(explanationLines({ ...told, has_more: true }).at(-1)).toContain('and more');
    expect(explanationLines(told).at(-1)).toBe('events:');
  });
});
