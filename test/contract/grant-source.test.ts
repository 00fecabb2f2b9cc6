import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
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
    const folder = await mkdtemp(join(tmpdir(), 'postern-grants-'));
    const write = (next: readonly GrantFileText[]) =>
      Promise.all(next.map(({ file, text }) => writeFile(join(folder, basename(file)), text)));
    await write(files);
    let settled: () => void = () => undefined;
    const source = await FileGrantSource.open({
      folder,
      compile,
      onProblem: () => settled(),
      onChange: () => settled(),
    });
    return {
      source,
      publish: async (next) => {
        const done = new Promise<void>((resolve) => (settled = resolve));
        const gone = files.filter(({ file }) => !next.some((other) => other.file === file));
        await Promise.all(
          gone.map(({ file }) => rm(join(folder, basename(file)), { force: true })),
        );
        await write(next);
        await done;
      },
      close: async () => {
        await source.close();
        await rm(folder, { recursive: true });
      },
    };
  });
});
