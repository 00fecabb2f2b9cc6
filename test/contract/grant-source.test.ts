import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileGrantSource } from '#adapters/files';
import { compileGrantSet, type GrantFileText } from '#policy';
import {
  aGrantContext,
  grantSourceContract,
  type GrantSourceUnderTest,
  InMemoryGrantSource,
} from '#testing';

const compile = (files: readonly GrantFileText[]) => compileGrantSet(files, aGrantContext());

describe('the in-memory grant source', () => {
  grantSourceContract(async (files): Promise<GrantSourceUnderTest> => {
    const source = new InMemoryGrantSource(compile(files));
    return {
      source,
      publish: (next) =>
        Promise.resolve(next)
          .then(compile)
          .then(
            (set) => source.replace(set),
            () => undefined,
          ),
      close: async () => undefined,
    };
  });
});

describe('the grant source of a folder', () => {
  grantSourceContract(async (files): Promise<GrantSourceUnderTest> => {
    const above = await mkdtemp(join(tmpdir(), 'postern-grants-'));
    const folder = join(above, 'grants');
    let editions = 0;
    // The folder is a link that is moved to the next edition, so that no state in between is ever seen.
    const put = async (next: readonly GrantFileText[]): Promise<void> => {
      editions += 1;
      const edition = join(above, `edition-${String(editions)}`);
      await mkdir(edition);
      for (const { file, text } of next) await writeFile(join(edition, file), text);
      await symlink(edition, join(above, 'next'));
      await rename(join(above, 'next'), folder);
    };
    await put(files);
    let judged: () => void = () => undefined;
    const source = await FileGrantSource.open({
      folder,
      compile,
      onProblem: () => judged(),
      settleMs: 20,
      pollMs: 20,
    });
    source.observe({ onSwap: () => judged(), onRejected: () => undefined });
    return {
      source,
      publish: async (next) => {
        const done = new Promise<void>((resolve) => (judged = resolve));
        await put(next);
        await done;
      },
      close: async () => {
        await source.close();
        await rm(above, { recursive: true });
      },
    };
  });
});
