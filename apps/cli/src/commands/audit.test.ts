import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { AnchorFolder } from '#adapters/files';
import { AnchoredLog, checkpointKey, LINE_BYTES_MAX, verifierKey } from '#audit';
import {
  aCheckpointer,
  anExport,
  exportedLines,
  type InMemoryAuditLog,
  publicPemOf,
  recordedEvents,
  seededKey,
} from '#testing';
import { CommandRun } from '../../../../test/support/command-run.js';
import { runCommand } from '../run-command.js';
import { addAudit } from './audit.js';

describe('postern audit verify', () => {
  let cli: CommandRun;
  let printed: string[];
  let said: string[];
  let lines: string[];
  let log: InMemoryAuditLog;
  const at = (name: string): string => cli.at(name);

  beforeEach(async () => {
    ({ lines, log } = await anExport([3, 4]));
    cli = new CommandRun(addAudit);
    ({ printed, said } = cli);
    cli.put('log.pem', publicPemOf(seededKey(1)));
    cli.put('export.jsonl', lines.join('\n'));
  });
  afterEach(() => cli.end());

  const postern = (...args: readonly string[]): Promise<void> =>
    runCommand(cli.program(), ['node', 'postern', 'audit', ...args]);
  const verify = (...args: readonly string[]): Promise<void> =>
    postern('verify', at('export.jsonl'), '--key', at('log.pem'), ...args);

  it('ends with 0 when all is proven, and says what is not', async () => {
    await verify();
    expect([process.exitCode, said]).toEqual([undefined, []]);
    expect(printed[0]).toMatch(/^proven: events 0 to 6 of /);
    expect(printed.join('\n')).toContain('not proven: that the log ends here');
    expect(printed.join('\n')).toContain('not compared: that');
  });

  it('compares with an anchor, with a checkpoint that was kept, and with the log that was named', async () => {
    const { origin, ...keys } = await aCheckpointer(log).identity();
    await new AnchoredLog(log, new AnchorFolder(at('anchor'))).catchUp({ origin, ...keys });
    cli.put('kept', log.kept[0]!.note);
    await verify('--anchor', at('anchor'), '--since-checkpoint', at('kept'));
    expect(printed.join('\n')).toContain('up to size 7 it is what was kept outside');
    expect(printed.join('\n')).not.toMatch(/not (?:proven|compared)/);
    printed.length = 0;
    await verify('--since-checkpoint', at('kept'));
    expect(printed.join('\n')).toContain('up to size 3 it is what was kept outside');
    expect(printed.join('\n')).toContain('signed once from size 3 on');
    const key = checkpointKey(origin, createPublicKey(publicPemOf(seededKey(1))));
    await postern('verify', at('export.jsonl'), '--key', cli.put('log.key', verifierKey(key)));
    expect(process.exitCode).toBeUndefined();
    await verify('--log', 'another');
    expect(process.exitCode).toBe(1);
  });

  it.each<readonly [string, (line: string) => string]>([
    ['is changed', (line) => line.replace(/"because \d+"/, '"because not"')],
    ['is no JSON', () => '{"event":'],
    ['is nothing', () => ''],
    ['would steer a terminal', (line) => line.replace(/"id":"[^"]+"/, '"id":"\\u001b[2J\\u009b"')],
    ['steers a terminal', () => '\u001b[2J\u009b\u202e'],
    ['has an endless name', (line) => line.replace(/"id":"[^"]+"/, `"id":"${'x'.repeat(90_000)}"`)],
    ['is longer than any', (line) => line.padEnd(LINE_BYTES_MAX + 2)],
  ])('ends with 1 when a line %s, and names it by its number', async (_, change) => {
    const changed = lines.map((line, place) => (place === 3 ? change(line) : line));
    cli.put('export.jsonl', changed.join('\n'));
    await verify();
    expect(process.exitCode).toBe(1);
    expect(printed[0]).toMatch(/^NOT PROVEN from log index 1 on \(.{1,300}, line 4\): [a-z-]+$/);
    expect(printed.join('')).toMatch(/^[ -~]*$/);
    expect(printed.join('').length).toBeLessThan(3_000);
  });

  it('does not say that the export is of another history when the anchor was changed', async () => {
    await new AnchoredLog(log, new AnchorFolder(at('anchor'))).catchUp(
      await aCheckpointer(log).identity(),
    );
    const tile = at('anchor/tile/0/000.p/7');
    const content = readFileSync(tile);
    writeFileSync(tile, content.fill(7, 64, 96));
    await verify('--anchor', at('anchor'));
    expect([process.exitCode, printed]).toEqual([2, []]);
    expect(said.join('')).toContain('its tiles are not what its checkpoint signs');
  });

  it('says of nothing that it is proven which is not in the export', async () => {
    const { origin } = await aCheckpointer(log).identity();
    cli.put('export.jsonl', exportedLines(log, origin, [], 3).join('\n'));
    await verify();
    expect([process.exitCode, printed.at(-1)]).toEqual([1, 'no event before it is proven']);
  });

  it('says of nothing that it is proven when one of the events before is of another history', async () => {
    const other = await anExport([3, 4], { events: recordedEvents(7, 2) });
    cli.put('kept', other.log.kept[1]!.note);
    await verify('--since-checkpoint', at('kept'));
    expect(printed[0]).toMatch(/^NOT PROVEN from log index 3 on .*: forked$/);
    expect([process.exitCode, printed.at(-1)]).toEqual([1, 'no event before it is proven']);
  });

  it.each([1, 2, 4, 6, 7, 9])('ends with 1 when only %i lines are left of it', async (count) => {
    cli.put('export.jsonl', lines.slice(0, count).join('\n'));
    await verify('--until', '7');
    expect([process.exitCode, said]).toEqual([1, []]);
  });

  it.each<readonly [string, readonly string[]]>([
    ['no such file', ['verify', 'none.jsonl', '--key', 'log.pem']],
    ['a folder', ['verify', '.', '--key', 'log.pem']],
    ['no key', ['verify', 'export.jsonl']],
    ['no such key', ['verify', 'export.jsonl', '--key', 'none']],
    ['a file that is no key', ['verify', 'export.jsonl', '--key', 'export.jsonl']],
    ['no such anchor', ['verify', 'export.jsonl', '--key', 'log.pem', '--anchor', 'none']],
    [
      'a checkpoint that is none',
      ['verify', 'export.jsonl', '--key', 'log.pem', '--since-checkpoint', 'log.pem'],
    ],
    ['no index', ['verify', 'export.jsonl', '--key', 'log.pem', '--until', '-1']],
    ['no export', ['verify', '--key', 'log.pem']],
    ['an option that there is not', ['verify', 'export.jsonl', '--key', 'log.pem', '--anchored']],
    ['an option without its value', ['verify', 'export.jsonl', '--key']],
  ])('ends with 2 when it cannot be tried: %s', async (_, args) => {
    const named = ['none.jsonl', '.', 'export.jsonl', 'log.pem', 'none'];
    await postern(...args.map((arg) => (named.includes(arg) ? at(arg) : arg)));
    expect([process.exitCode, printed]).toEqual([2, []]);
    expect(said.join('')).not.toBe('');
  });

  it('does not repeat what is in a private key, or a handle that was given for a file', async () => {
    const pem = seededKey(1).export({ type: 'pkcs8', format: 'pem' }).toString();
    await postern('verify', at('export.jsonl'), '--key', cli.put('private.pem', pem));
    await postern('verify', `pst_test_${'A'.repeat(49)}`, '--key', at('log.pem'));
    expect(process.exitCode).toBe(2);
    expect(said.join('')).toContain('private key');
    expect(said.join('')).not.toContain(pem.split('\n')[1]);
    expect(said.join('')).not.toContain('AAAA');
  });

  it('changes nothing of what it reads', async () => {
    const before = readFileSync(at('export.jsonl'));
    await verify();
    expect(readFileSync(at('export.jsonl'))).toEqual(before);
  });

  it.each([
    ['an export from what is no index', ['export', '--from', '1e3']],
    ['an export to a terminal', ['export']],
    ['what it does not know', ['exports']],
  ])('ends with 64 when it is asked for %s', async (_, args) => {
    const { isTTY } = process.stdout;
    process.stdout.isTTY = true;
    await postern(...args);
    process.stdout.isTTY = isTTY;
    expect(process.exitCode).toBe(64);
  });
});
