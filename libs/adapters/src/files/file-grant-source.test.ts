import {
  appendFile,
  mkdir,
  mkdtemp,
  rename,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  FileGrantSource,
  type FileGrantSourceOptions,
  GrantFolderUnreadable,
} from '#adapters/files';
import { compileGrantSet, GrantSetInvalid, type GrantSetObserver } from '#policy';
import { aGrantContext, aGrantFile } from '#testing';

const DEADLINE_MS = 30_000;
/** Linux gives a new line to whoever reads it: nobody who writes has to be faster than who reads. */
const ANOTHER_AT_EACH_LOOK = '/proc/sys/kernel/random/uuid';
const good = aGrantFile().text;
const newer = aGrantFile({ version: 2 }).text;

let above: string;
let folder: string;
let source: FileGrantSource | undefined;
let problems: string[];
let changes: number;

beforeEach(async () => {
  above = await mkdtemp(join(tmpdir(), 'postern-grants-'));
  folder = join(above, 'grants');
  await mkdir(folder);
  problems = [];
  changes = 0;
});
afterEach(async () => {
  await source?.close();
  source = undefined;
  await rm(above, { recursive: true });
});

/** At one time: a file that is being written is empty for as long as the disk likes. */
async function put(name: string, text: string): Promise<void> {
  const next = join(above, 'next');
  await writeFile(next, text);
  await rename(next, join(folder, name));
}

async function start(overrides: Partial<FileGrantSourceOptions> = {}): Promise<FileGrantSource> {
  source = await FileGrantSource.open({
    folder,
    compile: (files) => compileGrantSet(files, aGrantContext()),
    onProblem: (message) => problems.push(message),
    settleMs: 20,
    ...overrides,
  });
  source.observe({ onSwap: () => (changes += 1), onRejected: () => undefined });
  return source;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const version = (): number | undefined => source?.current().grants[0]?.version;

describe('at first start', () => {
  it('refuses a folder that does not exist, and says which setting names it', async () => {
    folder = join(above, 'nowhere');
    await expect(start()).rejects.toThrow(GrantFolderUnreadable);
    await expect(start()).rejects.toThrow(/nowhere.*ENOENT.*"grants" in postern\.yaml/);
  });

  it('refuses a file in place of the folder', async () => {
    folder = join(above, 'file');
    await writeFile(folder, good);
    await expect(start()).rejects.toThrow(/ENOTDIR/);
  });

  it('refuses an invalid set with all its problems', async () => {
    await put('a.yaml', aGrantFile({ maxTtl: 'ever', version: 0 }).text);
    await expect(start()).rejects.toThrow(GrantSetInvalid);
    await expect(start()).rejects.toThrow(/a\.yaml: version: .*\n.*a\.yaml: maxTtl: /);
  });

  it('refuses a file larger than 64 KiB', async () => {
    await put('a.yaml', `${good}# ${'x'.repeat(65_536)}`);
    await expect(start()).rejects.toThrow(/a\.yaml is larger than 65536 bytes/);
  });

  it('refuses a file that is not UTF-8', async () => {
    await writeFile(join(folder, 'a.yaml'), Buffer.from([0x69, 0x64, 0x3a, 0xff, 0xfe]));
    await expect(start()).rejects.toThrow(/a\.yaml is not UTF-8/);
  });

  it('refuses a named pipe without waiting for a writer', async () => {
    execFileSync('mkfifo', [join(folder, 'a.yaml')]);
    await expect(start()).rejects.toThrow(/a\.yaml is not a file/);
  });

  it('refuses a symbolic link that leads nowhere', async () => {
    await symlink(join(above, 'gone.yaml'), join(folder, 'a.yaml'));
    await expect(start()).rejects.toThrow(/a\.yaml cannot be read \(ENOENT\)/);
  });

  it('reads .yaml and .yml, and leaves out dotfiles and other names', async () => {
    await put('a.yml', good);
    await put('.b.yaml', '{');
    await put('README.md', '{');
    await put('c.yaml~', '{');
    await start();
    expect(source?.current().grants.map(({ file }) => file)).toEqual([join(folder, 'a.yml')]);
    expect(source?.state()).toEqual({ kind: 'current' });
  });

  it('follows symbolic links out of the folder', async () => {
    await writeFile(join(above, 'elsewhere.yaml'), good);
    await symlink(join(above, 'elsewhere.yaml'), join(folder, 'a.yaml'));
    await start();
    expect(version()).toBe(1);
  });
});

describe('while it runs', () => {
  beforeEach(() => put('a.yaml', good));

  it('takes a changed file, by the watcher alone', async () => {
    await start({ pollMs: 3_600_000 });
    await put('a.yaml', newer);
    await until(() => version() === 2);
    expect(problems).toEqual([]);
  });

  it('takes a changed file that lies behind a link, by the poll: the watcher sees nothing of it', async () => {
    const elsewhere = join(above, 'elsewhere.yaml');
    await rename(join(folder, 'a.yaml'), elsewhere);
    await symlink(elsewhere, join(folder, 'a.yaml'));
    await start({ pollMs: 50 });
    await writeFile(elsewhere, newer);
    await until(() => version() === 2);
  });

  it('takes a folder that is swapped by a link, as Kubernetes does it', async () => {
    await mkdir(join(folder, '..1'));
    await mkdir(join(folder, '..2'));
    await rename(join(folder, 'a.yaml'), join(folder, '..1', 'a.yaml'));
    await put('..2/a.yaml', newer);
    await symlink('..1', join(folder, '..data'));
    await symlink('..data/a.yaml', join(folder, 'a.yaml'));
    await start({ pollMs: 3_600_000 });
    await symlink('..2', join(folder, '..next'));
    await rename(join(folder, '..next'), join(folder, '..data'));
    await until(() => version() === 2);
  });

  it('keeps the last good set when the new one is invalid, tells every line once, and recovers', async () => {
    await start({ pollMs: 5, settleMs: 5 });
    await put('a.yaml', aGrantFile({ maxTtl: 'ever', version: 0 }).text);
    await until(() => source?.state().kind === 'stale');
    expect(version()).toBe(1);
    const files = [join(folder, 'a.yaml')];
    expect(source?.state()).toEqual({ kind: 'stale', files, problems });
    for (let look = 0; look < 50; look += 1) await put('.noise', String(look));
    await put('a.yaml', newer);
    await until(() => version() === 2);
    expect(problems).toHaveLength(2);
    expect(source?.state()).toEqual({ kind: 'current' });
  });

  it('is current again when the invalid file is put back as it was', async () => {
    await start();
    await put('b.yaml', '{');
    await until(() => source?.state().kind === 'stale');
    await rm(join(folder, 'b.yaml'));
    await until(() => source?.state().kind === 'current');
    expect(version()).toBe(1);
  });

  it('keeps the last good set when the folder goes away, and takes the one that comes back', async () => {
    await start({ pollMs: 30 });
    await rename(folder, `${folder}-gone`);
    await until(() => source?.state().kind === 'stale');
    expect(version()).toBe(1);
    expect(problems[0]).toMatch(/cannot be read \(ENOENT\)/);
    await mkdir(folder);
    await put('a.yaml', newer);
    await until(() => version() === 2);
  });

  it('never takes half of a file that is being written', async () => {
    const seen: number[] = [];
    const opened = await start({ pollMs: 3_600_000, settleMs: 500 });
    opened.observe({
      onSwap: (_, set) => seen.push(set.grants.length),
      onRejected: () => undefined,
    });
    const file = join(folder, 'a.yaml');
    await truncate(file);
    for (const piece of newer.match(/[^]{1,100}/g) ?? []) {
      await appendFile(file, piece);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await until(() => version() === 2);
    expect(seen).toEqual([1]);
    expect(problems).toEqual([]);
  });

  it('says so when the folder never comes to rest, and is current once it does', async () => {
    await start({ settleMs: 5, pollMs: 5 });
    await symlink(ANOTHER_AT_EACH_LOOK, join(folder, 'b.yaml'));
    await until(() => source?.state().kind === 'stale');
    expect(problems).toEqual([expect.stringContaining('keeps changing')]);
    expect(version()).toBe(1);
    await rm(join(folder, 'b.yaml'));
    await put('a.yaml', newer);
    await until(() => source?.state().kind === 'current' && version() === 2);
  });

  it('looks no more once it is closed', async () => {
    const closed = await start();
    await closed.close();
    await start({ settleMs: 60 });
    await put('a.yaml', newer);
    await until(() => version() === 2);
    expect(closed.current().grants[0]?.version).toBe(1);
    expect(changes).toBe(1);
  });
});

describe('whoever observes it', () => {
  const told: unknown[] = [];
  const observer: GrantSetObserver = {
    onSwap: (previous, current) => told.push([previous, current]),
    onRejected: (rejection) => told.push(rejection),
  };
  beforeEach(async () => {
    told.length = 0;
    await put('a.yaml', good);
  });

  it('is told of a swap, with the set before and the set after', async () => {
    const opened = await start();
    const before = opened.current();
    opened.observe(observer);
    await put('a.yaml', newer);
    await until(() => version() === 2);
    expect(told).toEqual([[before, opened.current()]]);
  });

  it('is told once of files that make no set, by name, with their problems', async () => {
    const opened = await start({ settleMs: 5, pollMs: 5 });
    opened.observe(observer);
    await put('b.yaml', aGrantFile({ maxTtl: 'ever', version: 0 }).text);
    await until(() => told.length > 0);
    for (let look = 0; look < 50; look += 1) await put('.noise', String(look));
    expect(told).toEqual([{ files: [join(folder, 'b.yaml')], problems }]);
    expect(problems).toHaveLength(2);
  });

  it('is told of a folder that cannot be read, without a file', async () => {
    const opened = await start({ pollMs: 30 });
    opened.observe(observer);
    await rename(folder, `${folder}-gone`);
    await until(() => told.length > 0);
    expect(told).toEqual([{ files: [], problems: [expect.stringContaining('ENOENT')] }]);
  });

  it('is told at once what is wrong already when it comes', async () => {
    const opened = await start();
    await put('b.yaml', '{');
    await until(() => opened.state().kind === 'stale');
    opened.observe(observer);
    expect(told).toEqual([{ files: [join(folder, 'b.yaml')], problems }]);
  });

  it('is told nothing while nothing changes', async () => {
    const opened = await start({ settleMs: 5, pollMs: 5 });
    opened.observe(observer);
    for (let look = 0; look < 20; look += 1) await put('.noise', String(look));
    expect(told).toEqual([]);
  });
});
