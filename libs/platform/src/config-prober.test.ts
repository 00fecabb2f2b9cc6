import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { type ProberEntry } from './config-prober.js';
import { loadConfig } from './load-config.js';

const least = parse(readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8')) as object;
const folder = mkdtempSync(join(tmpdir(), 'postern-prober-'));
const file = join(folder, 'postern.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

function load(prober: unknown): ProberEntry {
  writeFileSync(file, stringify({ ...least, ...(prober === undefined ? {} : { prober }) }));
  return loadConfig(file).prober;
}

const own = { subjectTokenFile: './token', audience: 'ledger', scope: 'ledger.read' };

describe('prober of postern.yaml', () => {
  it('is on, every five minutes, when nothing is said of it', () => {
    expect(load(undefined)).toEqual({ kind: 'on', everySeconds: 300 });
  });

  it('takes an origin and an identity of its own', () => {
    expect(load({ every: '10s', origin: 'https://postern.example', ...own })).toEqual({
      kind: 'on',
      everySeconds: 10,
      origin: 'https://postern.example',
      own: { ...own, subjectTokenFile: join(folder, 'token') },
    });
  });

  it('may ask for a scope of Postern itself', () => {
    const asked = { ...own, audience: 'postern', scope: 'admin.read' };
    expect(load(asked)).toMatchObject({ own: { audience: 'postern' } });
  });

  it('is off for a reason only', () => {
    expect(load({ off: 'probed from outside, see OPS-12' })).toEqual({
      kind: 'off',
      why: 'probed from outside, see OPS-12',
    });
  });

  it.each([
    ['another setting', { evry: '5m' }, 'prober.evry: unknown setting'],
    ['off without a reason', { off: true }, 'prober.off: expected text, found true'],
    ['off with an empty reason', { off: '' }, 'prober.off: expected text, and it is empty'],
    ['more often than every 10 s', { every: '9s' }, 'prober.every: expected 10s to 1h'],
    ['less often than every hour', { every: '2h' }, 'prober.every: expected 10s to 1h'],
    ['an origin in the clear', { origin: 'http://sts:8080' }, 'prober.origin: expected an origin'],
    [
      'an identity that asks for nothing',
      { subjectTokenFile: './t' },
      'prober.audience: is missing',
    ],
    ['an audience without identity', { audience: 'ledger' }, 'prober.subjectTokenFile: is missing'],
    ['no scope', { ...own, scope: undefined }, 'prober.scope: is missing'],
    [
      'a resource that is not there',
      { ...own, audience: 'nowhere' },
      'is no resource of this file',
    ],
    [
      'a scope that is not there',
      { ...own, scope: 'ledger.fly' },
      'is no scope of resource ledger',
    ],
    ['off and an identity', { ...own, off: 'because' }, 'prober.off: expected none of origin'],
    ['off and an origin', { origin: 'https://a.example', off: 'because' }, 'prober.off: expected'],
  ])('refuses %s', (_, prober, told) => {
    expect(() => load(prober)).toThrow(told);
  });
});
