import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { RULES } from '#detection';
import { CATALOGUE } from '#events';

const page = readFileSync(path.resolve('docs/controls.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => /^\| (?!item|-)/.test(line))
  .map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
const types = new Set(Object.keys(CATALOGUE));

const named = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1]!)),
];

const ITEMS = [
  ...Array.from({ length: 10 }, (_, index) => `NHI${index + 1} `),
  ...['GV.OC', 'GV.RM', 'GV.RR', 'GV.PO', 'GV.OV', 'GV.SC', 'ID.AM', 'ID.RA', 'ID.IM'],
  ...['PR.AA', 'PR.AT', 'PR.DS', 'PR.PS', 'PR.IR', 'DE.CM', 'DE.AE'],
  ...['RS.MA', 'RS.AN', 'RS.CO', 'RS.MI', 'RC.RP', 'RC.CO'],
  ...Array.from({ length: 7 }, (_, index) => `Tenet ${index + 1}:`),
];

describe('docs/controls.md', () => {
  it('has a row for each item of each list, and for nothing else', () => {
    const without = ITEMS.filter((item) => !rows.some(([title = '']) => title.startsWith(item)));
    expect(without).toEqual([]);
    expect(rows).toHaveLength(ITEMS.length);
  });

  it('names tests that exist', () => {
    const tests = named(page, /`([\w./-]+\.test\.ts)`/g);
    expect(tests.filter((test) => !existsSync(path.resolve(test)))).toEqual([]);
    expect(tests.length).toBeGreaterThan(40);
  });

  it('names events that the catalogue has', () => {
    const events = rows.flatMap(([, , event = '']) => named(event, /`([^`]+)`/g));
    expect(events.filter((event) => !types.has(`dev.postern.${event}.v1`))).toEqual([]);
    expect(events.length).toBeGreaterThan(30);
  });

  it('names rules that exist', () => {
    const rules = named(page, /\b(D[0-9]{2})\b/g);
    expect(rules.filter((rule) => !Object.hasOwn(RULES, rule))).toEqual([]);
    expect(rules.length).toBeGreaterThan(10);
  });

  it('says of each item by which test it is proven, or that none does', () => {
    const silent = rows.filter(([, , , , test = '']) => !/\.test\.ts`|no test/.test(test));
    expect(silent).toEqual([]);
  });
});
