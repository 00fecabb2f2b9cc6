import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnchoredLog, AuditLogContradicted } from '#audit';
import { aCheckpointer, InMemoryAuditLog, recordedEvents } from '#testing';
import { AnchorFolder, AnchorUnusable } from './anchor-folder.js';

describe('an anchor in a folder', () => {
  let folder: string;
  let log: InMemoryAuditLog;
  const events = recordedEvents(700);

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-anchor-'));
    log = new InMemoryAuditLog();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const grow = async (from: number, to: number): Promise<void> => {
    log.add(events.slice(from, to));
    await aCheckpointer(log).advance();
  };
  const anchored = (): AnchoredLog => new AnchoredLog(log, new AnchorFolder(folder));
  const authority = () => aCheckpointer(log).identity();
  const catchUp = async (): Promise<number> => anchored().catchUp(await authority());

  it('has the newest checkpoint and each leaf, whole tiles once and parts while they are needed', async () => {
    for (const [from, to] of [
      [0, 3],
      [3, 300],
      [300, 700],
    ] as const) {
      await grow(from, to);
      expect(await catchUp()).toBe(to);
      expect(await readFile(join(folder, 'checkpoint'), 'utf8')).toBe(log.kept.at(-1)!.note);
    }
    expect((await readdir(join(folder, 'tile/0'))).sort()).toEqual(['000', '001', '002.p']);
    expect((await readdir(join(folder, 'tile/1'))).sort()).toEqual(['000.p']);
    const files = ['tile/0/000', 'tile/0/001', 'tile/0/002.p/188'];
    const bytes = Buffer.concat(
      await Promise.all(files.map((file) => readFile(join(folder, file)))),
    );
    expect(bytes).toEqual(Buffer.concat(log.leafRows.map(({ hash }) => hash)));
  });

  it('makes up for checkpoints that it missed', async () => {
    await grow(0, 10);
    await grow(10, 20);
    await grow(20, 30);
    expect(await catchUp()).toBe(30);
    expect(await catchUp()).toBe(30);
  });

  it('does not follow a log that went back, or that is another', async () => {
    await grow(0, 10);
    await grow(10, 20);
    await catchUp();
    log.kept.pop();
    await expect(catchUp()).rejects.toThrow('restored or changed');
    log = new InMemoryAuditLog('another0');
    await grow(0, 30);
    await expect(catchUp()).rejects.toThrow(AuditLogContradicted);
  });

  it('does not follow leaves that were not signed', async () => {
    await grow(0, 10);
    log.leafRows[4] = { ...log.leafRows[4]!, hash: Buffer.alloc(32) };
    await expect(catchUp()).rejects.toThrow('not those that were signed');
    await expect(readFile(join(folder, 'checkpoint'))).rejects.toThrow('ENOENT');
  });

  it('says what is missing in it, and where it is', async () => {
    await grow(0, 10);
    await catchUp();
    await rm(join(folder, 'tile'), { recursive: true });
    await grow(10, 20);
    await expect(catchUp()).rejects.toThrow(AnchorUnusable);
    await expect(catchUp()).rejects.toThrow('lacks tile/0/000.p/10');
  });

  it('says that it cannot be used where it is no folder', async () => {
    await writeFile(join(folder, 'file'), '');
    const anchor = new AnchorFolder(join(folder, 'file'));
    await expect(anchor.write([], 'note')).rejects.toThrow(/cannot be used \((?:EEXIST|ENOTDIR)\)/);
  });
});
