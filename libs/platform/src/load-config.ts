import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type AppName } from './app-name.js';
import { compileConfig } from './compile-config.js';
import { crossProblems } from './config-cross-checks.js';
import { ConfigError } from './config-error.js';
import { configSchema } from './config-schema.js';
import { parseConfigYaml } from './parse-config-yaml.js';
import { type PosternConfig } from './postern-config.js';
import { problemsOf } from './schema-problems.js';

const CONFIG_BYTES_MAX = 1024 * 1024;

/**
 * Reads `postern.yaml`, for the listeners of one process; those of standalone unless another is named.
 * @throws ConfigError with every problem: file, path, what was found, what was expected
 */
export function loadConfig(file: string, app: AppName = 'standalone'): PosternConfig {
  const written = parseConfigYaml(file, readConfigText(file));
  const parsed = configSchema.safeParse(written);
  const problems = [
    ...(parsed.success ? [] : problemsOf(file, parsed.error, written)),
    ...crossProblems(file, written),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return compileConfig(resolve(file), parsed.data, app);
}

function readConfigText(file: string): string {
  const bytes = readConfigBytes(file);
  if (bytes.length > CONFIG_BYTES_MAX) throw refusal(file, 'is larger than 1 MiB');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw refusal(file, 'is not UTF-8', error);
  }
}

function readConfigBytes(file: string): Uint8Array {
  try {
    // Asked before it is opened: opening a named pipe would wait for ever.
    if (!statSync(file).isFile()) throw refusal(file, 'is not a file');
    return readFileSync(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    const advice = 'set POSTERN_CONFIG to the file, or start where postern.yaml lies';
    throw refusal(file, `cannot be read (${reason}): ${advice}`, error);
  }
}

const refusal = (where: string, what: string, cause?: unknown): ConfigError =>
  new ConfigError([{ where, path: '', what }], { cause });
