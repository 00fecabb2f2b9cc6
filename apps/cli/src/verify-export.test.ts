import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anExport, publicPemOf, seededKey } from '#testing';
import {
  describeFinding,
  describeProof,
  type Verification,
  verifyExport,
} from './verify-export.js';

describe('postern audit verify', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-verify-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const publicKeys = [createPublicKey(publicPemOf(seededKey(1)))];
  const verify = (content: string): Promise<Verification> => {
    const file = join(folder, 'export.jsonl');
    writeFileSync(file, content);
    return verifyExport(file, { publicKeys }, () => undefined);
  };

  it('says what is proven, and what is not without an anchor', async () => {
    const { lines } = await anExport([3, 4]);
    const { proven, finding } = await verify(`${lines.join('\n')}\n`);
    expect(finding).toBeUndefined();
    const told = describeProof(proven, {}).join('\n');
    expect(told).toMatch(
      /^proven: events 0 to 6 of postern\.test\/audit\/0a1b2c3d, under 2 checkp/,
    );
    expect(told).toContain('not proven: that the log ends here');
    const agreed = describeProof({ ...proven, agreedTo: 7 }, { log: proven.log }).join('\n');
    expect(agreed).toContain('up to size 7 it is what was kept outside');
    expect(agreed).not.toContain('not proven');
    const partly = describeProof({ ...proven, agreedTo: 3 }, { log: proven.log }).join('\n');
    expect(partly).toContain('signed once from size 3 on');
    const former = describeProof({ ...proven, isOfFormerKey: true }, {}).join('\n');
    expect(former).toContain('who has a key of before');
    expect(describeProof({ ...proven, from: 3 }, {})).toContain(
      'not in this export: events 0 to 2',
    );
  });

  it('takes a file whose last line has no end', async () => {
    const { lines } = await anExport([3]);
    expect((await verify(lines.join('\n'))).finding).toBeUndefined();
  });

  it('names the event, the line and the meaning, and nothing that would steer a terminal', async () => {
    const { lines } = await anExport([3]);
    lines[3] = lines[3]!.replace(/"id":"[^"]+"/, String.raw`"id":"\u001b[2J"`);
    const { finding, proven } = await verify(lines.join('\n'));
    const told = describeFinding(finding!, proven);
    expect(told[0]).toBe(
      String.raw`NOT PROVEN from log index 1 on (event \u001b[2J, line 4): altered-event`,
    );
    expect(told[2]).toContain('changed, exchanged or forged');
    expect(told[3]).toBe('events 0 to 0 are proven, and no others');
  });

  it('names a line that is longer than any, and has no more of it in memory', async () => {
    const { lines } = await anExport([3]);
    lines[3] = 'x'.repeat(3 * 1024 * 1024);
    const { finding } = await verify(lines.join('\n'));
    expect(finding).toMatchObject({ kind: 'unreadable-line', index: 1, line: 4 });
  });

  it('says that a file cannot be read', async () => {
    const absent = verifyExport(join(folder, 'none'), { publicKeys }, () => undefined);
    await expect(absent).rejects.toThrow('cannot be read (ENOENT)');
  });
});
