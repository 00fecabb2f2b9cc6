import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { type AppName } from './app-name.js';
import { loadConfig } from './load-config.js';
import { createLogger } from './logger.js';
import { warnOfExceptions } from './warn-of-exceptions.js';

describe('the start of a process whose resources make exceptions', () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'postern-exceptions-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  function told(name: AppName, settings: Record<string, unknown>): unknown[] {
    const written = parse(readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8')) as {
      resources: Record<string, unknown>[];
    };
    Object.assign(written.resources[0]!, settings);
    const file = join(folder, 'postern.yaml');
    writeFileSync(file, stringify(written));
    const lines: string[] = [];
    const log = createLogger({ name, level: 'info', write: (line) => void lines.push(line) });
    warnOfExceptions({ name, config: loadConfig(file, name), log });
    return lines.map((line) => JSON.parse(line) as unknown);
  }

  const exceptions = {
    allow: { 'encoded-slash': 'vhosts are named /', 'path-parameter': 'sessions are in paths' },
    response: { scrub: { off: 'its answers are signed' } },
  };

  it.each(['proxy', 'standalone'] as const)('tells each with its reason: %s', (name) => {
    const line = (setting: string, because: string) =>
      expect.objectContaining({ level: 'warn', resource: 'ledger', setting, because }) as unknown;
    expect(told(name, exceptions)).toEqual([
      line('allow.encoded-slash', 'vhosts are named /'),
      line('allow.path-parameter', 'sessions are in paths'),
      line('response.scrub: off', 'its answers are signed'),
    ]);
  });

  it('says nothing where there is none, and in a process that makes no calls', () => {
    expect(told('proxy', {})).toEqual([]);
    expect(told('sts', exceptions)).toEqual([]);
  });
});
