import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DependencyUnavailable } from '#kernel';
import { FixedClock } from '#testing';
import { PublishedLeakReportKeys } from './published-leak-report-keys.js';

const pem = (namedCurve: string): string =>
  generateKeyPairSync('ec', { namedCurve })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();

let folder: string;
let clock: FixedClock;
let keys: PublishedLeakReportKeys;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-leak-keys-'));
  clock = new FixedClock();
  keys = new PublishedLeakReportKeys({ place: { kind: 'file', path: file() }, clock });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});
const file = (): string => join(folder, 'keys.json');
const publish = (published: Readonly<Record<string, string>>): void => {
  const entries = Object.entries(published).map(([key_identifier, key]) => ({
    ...{ key_identifier, key, is_current: true },
  }));
  writeFileSync(file(), JSON.stringify({ public_keys: entries }));
};
const isFound = async (identifier: string): Promise<boolean> =>
  (await keys.find(identifier)) !== undefined;

describe('published keys of a reporter of leaks', () => {
  it('are found by their identifier, those of P-256 and no other', async () => {
    publish({ one: pem('P-256'), other: pem('P-384'), none: 'no key' });
    expect(await isFound('one')).toBe(true);
    for (const identifier of ['other', 'none', 'absent']) {
      expect(await isFound(identifier)).toBe(false);
    }
  });

  it('are read again for one that is not known, at most every 30 seconds', async () => {
    publish({ one: pem('P-256') });
    expect(await isFound('two')).toBe(false);
    publish({ two: pem('P-256') });
    clock.advance(29);
    expect(await isFound('two')).toBe(false);
    clock.advance(1);
    expect([await isFound('two'), await isFound('one')]).toEqual([true, false]);
  });

  it('go after five minutes when they are not published any more', async () => {
    publish({ one: pem('P-256') });
    expect(await isFound('one')).toBe(true);
    publish({});
    clock.advance(299);
    expect(await isFound('one')).toBe(true);
    clock.advance(1);
    expect(await isFound('one')).toBe(false);
  });

  it('count for an hour without an answer, and nobody is believed after that', async () => {
    await expect(keys.find('one')).rejects.toThrow(DependencyUnavailable);
    publish({ one: pem('P-256') });
    clock.advance(30);
    expect(await isFound('one')).toBe(true);
    writeFileSync(file(), 'no JSON');
    clock.advance(3599);
    expect(await isFound('one')).toBe(true);
    clock.advance(30);
    await expect(keys.find('one')).rejects.toThrow(DependencyUnavailable);
  });
});
