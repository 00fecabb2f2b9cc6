import { createPublicKey } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnchorFolder } from '#adapters/files';
import { AnchoredLog } from '#audit';
import { aCheckpointer, InMemoryAuditLog, publicPemOf, recordedEvents, seededKey } from '#testing';
import { anchorPins, keptPin } from './anchor-pins.js';

const publicKeys = [createPublicKey(publicPemOf(seededKey(1)))];
const SIZE = 300;

describe('what an export has to agree with', () => {
  let folder: string;
  let log: InMemoryAuditLog;
  const note = (): string => join(folder, 'checkpoint');
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-pins-'));
    log = new InMemoryAuditLog();
    const checkpointer = aCheckpointer(log);
    log.add(recordedEvents(SIZE));
    await checkpointer.advance();
    const anchored = new AnchoredLog(log, new AnchorFolder(folder));
    await anchored.catchUp(await checkpointer.identity());
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('is the newest checkpoint of the anchor, and each leaf that lies there', async () => {
    const { pins, anchoredLeaf } = await anchorPins(folder, publicKeys);
    expect(pins).toMatchObject([{ checkpoint: { size: SIZE }, from: 'the anchor' }]);
    for (const { index, hash } of log.leafRows) expect(anchoredLeaf?.(index)).toEqual(hash);
    expect(anchoredLeaf?.(SIZE)).toBeUndefined();
  });

  it('is a checkpoint that somebody kept', async () => {
    const { checkpoint, from } = await keptPin(note(), publicKeys);
    expect([checkpoint.size, from]).toEqual([SIZE, note()]);
  });

  it('is read when witnesses have signed it too, and not when it is anything else', async () => {
    appendFileSync(note(), `\u2014 witness.example ${Buffer.alloc(68, 1).toString('base64')}\n`);
    expect((await keptPin(note(), publicKeys)).checkpoint.size).toBe(SIZE);
    appendFileSync(note(), 'more\n');
    const refusal = {
      code: 'usage',
      message: expect.stringContaining('no signed checkpoint') as string,
    };
    await expect(keptPin(note(), publicKeys)).rejects.toMatchObject(refusal);
    await expect(anchorPins(folder, publicKeys)).rejects.toMatchObject(refusal);
  });

  it('is nothing that another key signed', async () => {
    const others = [createPublicKey(publicPemOf(seededKey(2)))];
    await expect(keptPin(note(), others)).rejects.toThrow(`${note()}: is not signed with that key`);
    await expect(anchorPins(folder, others)).rejects.toThrow('is not signed with that key');
  });

  it('is not an anchor that is empty', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    await expect(anchorPins(empty, publicKeys)).rejects.toThrow(`${empty}: holds no checkpoint`);
    await expect(anchorPins(join(folder, 'none'), publicKeys)).rejects.toMatchObject({
      code: 'usage',
    });
  });

  it('is not taken from a file that nobody can have kept, and no memory is filled with it', async () => {
    const file = join(folder, 'huge');
    writeFileSync(file, '');
    truncateSync(file, 3 * 1024 ** 3); // Larger than a text can be.
    await expect(keptPin(file, publicKeys)).rejects.toThrow(`${file}: is no signed checkpoint`);
    truncateSync(note(), 3 * 1024 ** 3);
    await expect(anchorPins(folder, publicKeys)).rejects.toThrow('cannot be used (EFBIG)');
    await expect(keptPin(folder, publicKeys)).rejects.toThrow(`${folder}: is no plain file`);
    await expect(keptPin(join(folder, 'none'), publicKeys)).rejects.toThrow(
      'cannot be read (ENOENT)',
    );
  });

  it.each([
    [
      'is gone',
      (file: string): void => {
        rmSync(file);
      },
    ],
    [
      'is cut off',
      (file: string): void => {
        writeFileSync(file, readFileSync(file).subarray(0, 320));
      },
    ],
    [
      'is cut off within a hash',
      (file: string): void => {
        writeFileSync(file, readFileSync(file).subarray(0, 321));
      },
    ],
  ])('is told when a tile of it %s', async (_, spoil) => {
    const { anchoredLeaf } = await anchorPins(folder, publicKeys);
    spoil(join(folder, 'tile/0/000'));
    expect(() => anchoredLeaf?.(17)).toThrow(`${folder}: lacks the tile of index 17`);
    expect(anchoredLeaf?.(280)).toEqual(log.leafRows[280]!.hash);
  });
});
