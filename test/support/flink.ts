import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mavenClassPath } from './maven-class-path.js';

const support = path.resolve('test/support/flink');
const LOG_TAIL_CHARACTERS = 4_000;
/** What went wrong stands in the lines between them. */
const STACK_LINES = /^\tat .*\n/gm;
const OPENED = ['lang', 'net', 'nio', 'text', 'time', 'util', 'util.concurrent'];
// The client's compiler alone: two cores are all there is.
const JVM_OPTIONS = [
  '-Xmx4g',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  ...OPENED.map((name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`),
];

type Stage = 'running' | 'ended';

/** SQL files as they are shipped, and what is otherwise where they run. */
export interface FlinkScript {
  readonly files: readonly (string | { readonly text: string })[];
  /** Each text is replaced wherever it stands. */
  readonly instead?: Readonly<Record<string, string>>;
}

/** A job in an Apache Flink 2.2 of its own: all of it in one Java process. Needs Java 17 and Maven. */
export class FlinkJob {
  private log = '';
  private seen = '';

  private constructor(
    private readonly folder: string,
    private readonly child: ChildProcess,
  ) {
    child.stderr?.on('data', (bytes: Buffer) => {
      this.log = (this.log + bytes.toString().replace(STACK_LINES, '')).slice(-LOG_TAIL_CHARACTERS);
    });
    child.stdout?.on('data', (bytes: Buffer) => {
      this.seen += bytes.toString();
    });
  }

  static async start({ files, instead = {} }: FlinkScript): Promise<FlinkJob> {
    const classPath = await mavenClassPath('flink', path.join(support, 'pom.xml'));
    const folder = await mkdtemp(path.join(tmpdir(), 'flink-'));
    const written = await Promise.all(
      files.map(async (file, n) => {
        const text = typeof file === 'string' ? await readFile(file, 'utf8') : file.text;
        const place = path.join(folder, `${n}.sql`);
        await writeFile(place, replaced(text, instead));
        return place;
      }),
    );
    const program = ['-cp', classPath, path.join(support, 'RunSql.java'), ...written];
    const options = [...JVM_OPTIONS, `-Djava.io.tmpdir=${folder}`];
    return new FlinkJob(
      folder,
      spawn('java', [...options, ...program], { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  }

  /** Why it ended by itself before all was done; undefined while it runs. */
  get failure(): Error | undefined {
    if (this.child.exitCode === null || this.child.exitCode === 0) return undefined;
    return new Error(`Flink ended: ${this.log.trim()}`);
  }

  /** @throws Error with what Flink printed, when it ends before */
  async reaches(stage: Stage): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (this.seen.split('\n').includes(stage)) resolve();
      };
      this.child.stdout?.on('data', look);
      this.child.once('close', () => {
        look();
        reject(new Error(`Flink ended before it was ${stage}: ${this.log.trim()}`));
      });
      look();
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGKILL'); // There is nothing of it to keep.
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

const replaced = (text: string, instead: Readonly<Record<string, string>>): string =>
  Object.entries(instead).reduce((rest, [old, given]) => rest.replaceAll(old, given), text);
