import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LINE_BYTES_MAX } from '#audit';
import { linesOf } from './file-lines.js';

describe('the lines of a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-lines-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const linesIn = async (content: string | Buffer): Promise<Buffer[]> => {
    const file = join(folder, 'file');
    writeFileSync(file, content);
    const lines: Buffer[] = [];
    for await (const line of linesOf(file)) lines.push(Buffer.from(line));
    return lines;
  };
  const textsIn = async (content: string): Promise<string[]> =>
    (await linesIn(content)).map((line) => line.toString());

  it.each([
    ['a\nb\n', ['a', 'b']],
    ['a\nb', ['a', 'b']],
    ['\n\na', ['', '', 'a']],
    ['a\r\n', ['a\r']],
    ['', []],
    ['\n', ['']],
  ])('of %j are %j', async (content, lines) => {
    expect(await textsIn(content)).toEqual(lines);
  });

  it('are whole across the pieces in which a file is read', async () => {
    const lines = Array.from({ length: 500 }, (_, at) => `${at} `.repeat(200));
    expect(await textsIn(lines.join('\n'))).toEqual(lines);
  });

  it('are bytes: what is no UTF-8 comes as it is', async () => {
    const bytes = Buffer.from([0xff, 0x0a, 0xc3, 0x28]);
    expect(await linesIn(bytes)).toEqual([Buffer.from([0xff]), Buffer.from([0xc3, 0x28])]);
  });

  it('end with the beginning of one that is longer than any of ours, and no more of it is read', async () => {
    const huge = Buffer.alloc(8 * LINE_BYTES_MAX, 'x');
    const lines = await linesIn(Buffer.concat([Buffer.from('a\n'), huge, Buffer.from('\nb\n')]));
    expect(lines[0]!.toString()).toBe('a');
    expect(lines).toHaveLength(2);
    expect(lines[1]!.length).toBeGreaterThan(LINE_BYTES_MAX);
    expect(lines[1]!.length).toBeLessThan(2 * LINE_BYTES_MAX);
  });

  it('may be as long as the longest', async () => {
    expect(await textsIn(`${'x'.repeat(LINE_BYTES_MAX)}\nb\n`)).toHaveLength(2);
  });

  it.each([
    ['that is not there', 'none', 'ENOENT'],
    ['that is a folder', 'folder', 'EISDIR'],
  ])('of a file %s are none, and it is named', async (_, name, reason) => {
    mkdirSync(join(folder, 'folder'), { recursive: true });
    const file = join(folder, name);
    const reading = linesOf(file).next();
    await expect(reading).rejects.toMatchObject({
      code: 'usage',
      message: `${file}: cannot be read (${reason})`,
    });
  });
});
