import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import {
  type Checkpoint,
  Checkpointer,
  checkpointKey,
  checkpointText,
  ExportVerifier,
  type Finding,
  LINE_BYTES_MAX,
  parseCheckpoint,
  parseNote,
  type Proven,
  type VerifierOptions,
} from '#audit';
import {
  anExport,
  AUDIT_NAME,
  auditEventFactory,
  exportedLines,
  InMemoryAuditLog,
  InMemorySigner,
  publicPemOf,
  recordedEvents,
  seededKey,
} from '#testing';

const publicKeyOf = (seed: number): KeyObject => createPublicKey(publicPemOf(seededKey(seed)));

function verify(
  lines: readonly string[],
  options: Partial<VerifierOptions> = {},
): { finding: Finding | undefined; proven: Proven } {
  const verifier = new ExportVerifier({ publicKeys: [publicKeyOf(1)], ...options });
  for (const line of lines) {
    const finding = verifier.take(Buffer.from(line));
    if (finding !== undefined) return { finding, proven: verifier.proven };
  }
  return { finding: verifier.end(), proven: verifier.proven };
}

const replacedAt = (lines: readonly string[], at: number, line: string): string[] =>
  lines.map((one, place) => (place === at ? line : one));

const checkpointOf = (log: InMemoryAuditLog, size: number): Checkpoint =>
  parseCheckpoint(parseNote(log.kept.find((one) => one.size === size)!.note)!.text)!;

describe('an export in which nothing is signed', () => {
  it('is not proven, whatever log it says it is of', async () => {
    const { lines, log } = await anExport([5, 5]);
    expect(verify([lines[0]!]).finding).toMatchObject({ kind: 'truncated', index: 0 });
    const [header] = exportedLines(log, verify(lines).proven.log, [], 5);
    expect(verify([header!]).finding).toMatchObject({ kind: 'truncated', index: 5 });
  });

  it('cannot name its log as no log is named', () => {
    const header = JSON.stringify({ format: 'postern-audit-export-v1', log: 'a\u001b[2J b' });
    expect(verify([header]).finding).toMatchObject({ kind: 'unreadable-line', line: 1 });
  });
});

/** The line with one signature more, when it is that of a checkpoint. */
function withSignatureOf(seed: number, line: string): string {
  const { checkpoint } = JSON.parse(line) as { checkpoint?: { note: string } };
  if (checkpoint === undefined) return line;
  const { text } = parseNote(checkpoint.note)!;
  const { origin } = parseCheckpoint(text)!;
  const { id } = checkpointKey(origin, publicKeyOf(seed));
  const signature = sign(null, Buffer.from(text), seededKey(seed));
  const added = `\u2014 ${origin} ${Buffer.concat([id, signature]).toString('base64')}\n`;
  return JSON.stringify({ checkpoint: { ...checkpoint, note: checkpoint.note + added } });
}

describe('an export whose key was exchanged', () => {
  const log = new InMemoryAuditLog();
  const events = recordedEvents(40);
  let taken = 0;
  const signedBy = async (seed: number, ...former: readonly number[]): Promise<void> => {
    log.add(events.slice(taken, (taken += 10)));
    const checkpointer = new Checkpointer({
      ...{ log, name: AUDIT_NAME, events: auditEventFactory },
      signer: new InMemorySigner(seededKey(seed)),
      formerKeys: former.map(publicKeyOf),
    });
    await checkpointer.advance();
  };
  const lines = (): string[] => exportedLines(log, `${AUDIT_NAME}/0a1b2c3d`, events);
  const publicKeys = [publicKeyOf(2), publicKeyOf(1)];

  beforeAll(async () => {
    await signedBy(1);
    await signedBy(2, 1);
  });

  it('is proven with both keys, and with one of them as far as that one signed', () => {
    const { finding, proven } = verify(lines(), { publicKeys });
    expect(finding).toBeUndefined();
    expect(proven).toMatchObject({ to: 20, isOfFormerKey: false });
    expect(verify(lines()).finding).toMatchObject({ kind: 'bad-signature', index: 10 });
  });

  it('shows what whoever has the old key adds to it', async () => {
    await signedBy(1, 2);
    expect(verify(lines(), { publicKeys }).finding).toMatchObject({
      ...{ kind: 'bad-signature', index: 20 },
      detail: expect.stringContaining('another one had replaced') as string,
    });
  });

  it('shows it in an export that begins after the new key did', async () => {
    const part = exportedLines(log, `${AUDIT_NAME}/0a1b2c3d`, events, 20);
    expect(verify(part, { publicKeys }).finding).toMatchObject({
      kind: 'bad-signature',
      index: 20,
    });
  });

  it('shows it also where the old key signed beside the new one', async () => {
    const signedTwice = lines().map((line) => withSignatureOf(1, line));
    const { finding } = verify(signedTwice, { publicKeys });
    expect(finding).toMatchObject({ kind: 'bad-signature', index: 20 });
  });

  it('says that its end is of the old key, which whoever has it can have written', async () => {
    const { finding, proven } = verify((await anExport([10])).lines, { publicKeys });
    expect([finding, proven.isOfFormerKey]).toEqual([undefined, true]);
  });
});

describe('a log that was signed twice', () => {
  const kept = async (): Promise<{ lines: string[]; pin: Checkpoint }> => {
    const { lines } = await anExport([10, 10]);
    const { log } = await anExport([10, 10], { events: recordedEvents(20, 3) });
    return { lines, pin: checkpointOf(log, 20) };
  };

  it('shows to who kept a checkpoint of the other one', async () => {
    const { lines, pin } = await kept();
    const pins = [{ checkpoint: pin, from: 'mine' }];
    expect(verify(lines, { pins }).finding).toMatchObject({ kind: 'forked', index: 10 });
  });

  it('is not said to agree with a checkpoint that was never reached', async () => {
    const { lines, pin } = await kept();
    const pins = [{ checkpoint: pin, from: 'mine' }];
    const { finding, proven } = verify(lines.slice(0, 12), { pins, until: 10 });
    expect([finding, proven.to, proven.agreedTo]).toEqual([undefined, 10, undefined]);
  });

  it('is said to agree as far as the checkpoint goes that was kept', async () => {
    const { lines, log } = await anExport([10, 10]);
    const pins = [{ checkpoint: checkpointOf(log, 10), from: 'mine' }];
    expect(verify(lines, { pins }).proven).toMatchObject({ to: 20, agreedTo: 10 });
  });
});

describe('an event in another writing', () => {
  const plain = recordedEvents(9);
  const at = 4;
  const events = plain.map((event, place) =>
    place === at ? { ...event, data: { count: 0, text: 'caf\u00e9' } } : event,
  );

  it.each([
    ['a negative nothing', '"count":0', '"count":-0'],
    ['a fraction of nothing', '"count":0', '"count":0.0'],
    ['a number that no number holds', '"count":0', '"count":1e400'],
    ['a member twice', '"count":0', '"count":0,"count":0'],
    ['a member twice, of which the first counts', '"count":0', '"count":1,"count":0'],
    ['a blank', '"count":0', '"count": 0'],
    ['an escape', 'caf\u00e9', 'caf\\u00e9'],
    ['another normal form', 'caf\u00e9', 'cafe\u0301'],
    ['half a surrogate pair', 'caf\u00e9', 'caf\\ud800'],
    ['a byte order mark', '{"event"', '\ufeff{"event"'],
    ['lists in lists', '"count":0', `"count":${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['members in another order', '"count":0,"text":"caf\u00e9"', '"text":"caf\u00e9","count":0'],
    ['a prototype', '"count":0', '"__proto__":{"id":"forged"},"count":0'],
    ['another index as well', '"index":4,', '"index":4,"index":4,'],
    ['a line end of another system', /$/, '\r'],
    ['more behind it', /$/, ' {}'],
  ])('is not the one that was logged: %s', async (_, from, to) => {
    const { lines } = await anExport([9], { events });
    const forged = lines[at + 2]!.replace(from, to);
    expect(forged).not.toBe(lines[at + 2]);
    const { finding } = verify(replacedAt(lines, at + 2, forged));
    expect(finding).toMatchObject({ index: at, line: at + 3 });
    expect(['altered-event', 'unreadable-line']).toContain(finding?.kind);
  });

  it('is told of at its index, not as trouble with the file, when its line is endless', async () => {
    const { lines } = await anExport([9], { events });
    const endless = replacedAt(lines, at + 2, lines[at + 2]!.padEnd(LINE_BYTES_MAX + 1));
    expect(verify(endless).finding).toMatchObject({
      kind: 'unreadable-line',
      index: at,
      line: at + 3,
    });
  });
});

describe('a checkpoint with another note', () => {
  const origin = `${AUDIT_NAME}/0a1b2c3d`;
  const key = checkpointKey(origin, publicKeyOf(1));
  const lineOf = (name: string, id: Buffer, signature: Buffer): string =>
    `\u2014 ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
  const junk = Buffer.alloc(64, 7);
  const byKey = (seed: number, text: string): Buffer =>
    sign(null, Buffer.from(text), seededKey(seed));

  /** What is wrong when the note of the second checkpoint is another one. */
  const withNote = async (change: (note: string) => string): Promise<Finding | undefined> => {
    const { lines } = await anExport([4, 4]);
    const line = JSON.parse(lines[6]!) as { checkpoint: { note: string } };
    const note = change(line.checkpoint.note);
    const forged = { checkpoint: { ...line.checkpoint, note } };
    return verify(replacedAt(lines, 6, JSON.stringify(forged))).finding;
  };
  const textOf = (note: string): string => parseNote(note)!.text;

  it.each<readonly [string, (note: string) => string]>([
    ['a witness', (note) => note + lineOf('witness.example', Buffer.alloc(4, 1), junk)],
    [
      'one of the same name, whose key is another',
      (note) => note + lineOf(origin, Buffer.alloc(4), junk),
    ],
    [
      'one that claims our key, before',
      (note) => note.replace('\n\n', `\n\n${lineOf(origin, key.id, junk)}`),
    ],
    ['one that claims our key, behind', (note) => note + lineOf(origin, key.id, junk)],
  ])('is proven when somebody else signed it too: %s', async (_, change) => {
    expect(await withNote(change)).toBeUndefined();
  });

  it.each<readonly [string, (note: string) => string]>([
    [
      'only a witness signed',
      (note) => `${textOf(note)}\n${lineOf('witness.example', key.id, junk)}`,
    ],
    [
      'another key, under the id of ours',
      (note) => `${textOf(note)}\n${lineOf(origin, key.id, byKey(2, textOf(note)))}`,
    ],
    ['our key, under another name', (note) => note.replace(`\u2014 ${origin}`, '\u2014 another')],
    [
      'a signature without its last byte',
      (note) =>
        `${textOf(note)}\n${lineOf(origin, key.id, byKey(1, textOf(note)).subarray(0, 63))}`,
    ],
    [
      'a signature with a byte more',
      (note) =>
        `${textOf(note)}\n${lineOf(origin, key.id, Buffer.concat([byKey(1, textOf(note)), Buffer.of(0)]))}`,
    ],
    ['line ends of another system', (note) => note.replaceAll('\n', '\r\n')],
    ['one line end of another system', (note) => note.replace('\n', '\r\n')],
    ['an empty line behind', (note) => `${note}\n`],
    ['no line end', (note) => note.trimEnd()],
    ['a blank behind', (note) => note.replace(/\n$/, ' \n')],
    ['a hyphen for the dash', (note) => note.replace('\u2014', '-')],
    ['base64 in another writing', (note) => note.replace(/=*\n$/, '\n')],
    ['no signature', (note) => `${textOf(note)}\n`],
    ['nothing', () => ''],
  ])('is not signed by %s', async (_, change) => {
    expect(await withNote(change)).toMatchObject({ kind: 'bad-signature', index: 4 });
  });

  it.each<readonly [string, (text: string) => string]>([
    ['a line more', (text) => `${text}more\n`],
    ['a size with a sign', (text) => text.replace('\n8\n', '\n+8\n')],
    ['a size with a nought', (text) => text.replace('\n8\n', '\n08\n')],
    ['a size of nothing', (text) => text.replace('\n8\n', '\n0\n')],
    ['a size beyond all numbers', (text) => text.replace('\n8\n', '\n9999999999999999\n')],
    ['digits of another script', (text) => text.replace('\n8\n', '\n\u0668\n')],
    ['a head of another length', (text) => text.replace(/\n[^\n]{44}\n/, '\nAAAA\n')],
  ])('is none even when our key signed it: %s', async (_, change) => {
    const finding = await withNote((note) => {
      const text = change(textOf(note));
      return `${text}\n${lineOf(origin, key.id, byKey(1, text))}`;
    });
    expect(finding).toMatchObject({ kind: 'bad-signature', index: 4 });
  });

  it('is not that of another deployment which has the same key', async () => {
    const { lines } = await anExport([4, 4]);
    const other = await anExport([4, 4], { log: new InMemoryAuditLog('another0') });
    const { finding } = verify(replacedAt(lines, 6, other.lines[6]!));
    expect(finding).toMatchObject({ kind: 'bad-signature', index: 4 });
  });

  it('is not one of the same size that the key signed over another tree', async () => {
    const finding = await withNote((note) => {
      const text = checkpointText({ ...parseCheckpoint(textOf(note))!, root: Buffer.alloc(32, 3) });
      return `${text}\n${lineOf(origin, key.id, byKey(1, text))}`;
    });
    expect(finding).toMatchObject({ kind: 'inconsistent-tree', index: 4 });
  });
});
