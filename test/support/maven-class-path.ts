import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = path.resolve('.test-servers');

/**
 * The jars that a pom names, as Java's class path. Maven fetches them the first time; they are kept as
 * `.test-servers/<name>-class-path` for as long as the pom says the same.
 * @throws Error when Java or Maven is missing, or Maven cannot fetch them
 */
export async function mavenClassPath(name: string, pom: string): Promise<string> {
  const known = path.join(root, `${name}-class-path`);
  const wanted = await readFile(pom, 'utf8');
  const cached = await readFile(known, 'utf8').then(
    (text) => text.split('\n---\n'),
    () => [],
  );
  const [classPath, of] = cached;
  const complete = of === wanted && classPath?.split(':').every((jar) => existsSync(jar));
  if (classPath !== undefined && complete === true) return classPath;
  const fresh = await askMaven(name, pom);
  await writeFile(known, `${fresh}\n---\n${wanted}`);
  return fresh;
}

async function askMaven(name: string, pom: string): Promise<string> {
  await requireTool('java', 'Java 17 or later');
  await requireTool('mvn', 'Apache Maven');
  await mkdir(root, { recursive: true, mode: 0o755 });
  const output = path.join(root, `${name}-class-path.${process.pid}`);
  await run('mvn', [
    ...['-q', '-B', '-f', pom, 'dependency:build-classpath'],
    ...['-DincludeScope=runtime', `-Dmdep.outputFile=${output}`],
  ]);
  const classPath = (await readFile(output, 'utf8')).trim();
  await rm(output);
  return classPath;
}

async function requireTool(command: string, what: string): Promise<void> {
  await run(command, ['-version']).catch((error: unknown) => {
    throw new Error(`${what} is missing (no command "${command}")`, { cause: error });
  });
}
