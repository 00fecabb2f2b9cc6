import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One violation a rule: the rule that must report it, the folder that a file is put in, what it says. */
const violations: readonly (readonly [rule: string, folder: string, source: string])[] = [
  ['kernel-imports', 'libs/kernel/src/', `import type {} from '#events';`],
  ['events-imports', 'libs/events/src/', `import type {} from '#handles';`],
  ['identity-imports', 'libs/identity/src/', `import type {} from '#events';`],
  ['policy-imports', 'libs/policy/src/', `import type {} from '#handles';`],
  ['handles-imports', 'libs/handles/src/', `import type {} from '#policy';`],
  ['credentials-imports', 'libs/credentials/src/', `import type {} from '#handles';`],
  ['rotation-imports', 'libs/rotation/src/', `import type {} from '#handles';`],
  ['detection-imports', 'libs/detection/src/', `import type {} from '#handles';`],
  ['audit-imports', 'libs/audit/src/', `import type {} from '#policy';`],
  ['oauth-imports', 'libs/oauth/src/', `import type {} from '#credentials';`],
  ['injection-imports', 'libs/injection/src/', `import type {} from '#identity';`],
  ['adapters-imports', 'libs/adapters/src/http/', `import type {} from '#platform';`],
  ['platform-imports', 'libs/platform/src/', `import type {} from '#policy';`],
  ['testing-imports', 'libs/testing/src/', `import type {} from '#platform';`],
  ['client-imports', 'libs/client/src/', `import type {} from '#kernel';`],
  ['pure-libs-know-no-framework', 'libs/injection/src/', `import type {} from 'undici';`],
  ['pure-libs-do-no-io', 'libs/policy/src/', `import type {} from 'node:fs';`],
  ['jose-in-identity-and-oauth-only', 'libs/handles/src/', `import type {} from 'jose';`],
  ['one-home-for-typeorm', 'apps/sts/src/', `import type {} from 'typeorm';`],
  ['one-home-for-pg', 'apps/rotator/src/', `import type {} from 'pg';`],
  ['one-home-for-changers', 'apps/rotator/src/', `import type {} from 'ldapts';`],
  ['one-home-for-kafka', 'apps/relay/src/', `import type {} from 'kafkajs';`],
  ['one-home-for-vault', 'apps/proxy/src/', `import type {} from 'node-vault';`],
  ['one-home-for-microservices', 'apps/proxy/src/', `import type {} from '@nestjs/microservices';`],
  ['control-path-and-hot-path-apart', 'libs/oauth/src/', `import type {} from '#injection';`],
  ['hot-path-and-control-path-apart', 'libs/injection/src/', `import type {} from '#oauth';`],
  ['apps-stand-alone', 'apps/sts/src/', `import type {} from '../../proxy/src/proxy.module.js';`],
  [
    'standalone-takes-modules-only',
    'apps/standalone/src/',
    `import type {} from '../../sts/src/main.js';`,
  ],
  ['enter-by-the-index', 'libs/events/src/', `import type {} from '../../kernel/src/clock.js';`],
  [
    'enter-an-adapter-by-its-index',
    'libs/adapters/src/kafka/',
    `import type {} from '../http/address-guard.js';`,
  ],
  ['no-cycles', 'libs/kernel/src/', `import './zz-no-cycles.other.js';`],
  ['no-orphans', 'libs/kernel/src/', `export const alone = 1;`],
  ['tests-stay-out-of-code', 'apps/sts/src/', `import type {} from '#testing';`],
];

/** What a violation needs beside it. */
const companions: readonly (readonly [file: string, source: string])[] = [
  ['libs/kernel/src/zz-no-cycles.other.ts', `import './zz-no-cycles.js';`],
];

interface Cruise {
  readonly summary: {
    readonly violations: { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

const fileOf = (rule: string, folder: string): string => `${folder}zz-${rule}.ts`;
const written = [
  ...violations.map(([rule, folder, source]) => [fileOf(rule, folder), source] as const),
  ...companions,
];

/** Runs the import rule once over all violating files: `<file> <rule>` for each report. */
async function reports(): Promise<Set<string>> {
  const { stdout } = await run(
    process.execPath,
    [
      join('node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'json',
      ...written.map(([file]) => file),
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  ).catch((failure: unknown) => failure as { stdout: string });
  const { summary } = JSON.parse(stdout) as Cruise;
  // A cycle is reported once, from either of its files.
  return new Set(
    summary.violations.map(({ from, rule }) => `${from.replace('.other.ts', '.ts')} ${rule.name}`),
  );
}

describe('the import rule', () => {
  let reported: Set<string>;

  beforeAll(async () => {
    for (const [file, source] of written) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${source}\n`);
    }
    reported = await reports();
  }, 180_000);

  afterAll(() => {
    for (const [file] of written) rmSync(file, { force: true });
  });

  it.each(violations)('reports a violation of %s', (rule, folder) => {
    expect(reported).toContain(`${fileOf(rule, folder)} ${rule}`);
  });

  it('has a violation here for each of its rules', async () => {
    const file = pathToFileURL(join(process.cwd(), '.dependency-cruiser.cjs')).href;
    const config = (await import(file)) as { default: { forbidden: { name: string }[] } };
    const rules = config.default.forbidden.map(({ name }) => name);
    expect(violations.map(([rule]) => rule).sort()).toEqual(rules.sort());
  });
});
