/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node'] },
  rootDir: '.',
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.test-servers'],
  testMatch: ['<rootDir>/{apps,libs,test,migrations,examples}/**/*.test.ts'],
  // `*.long.test.ts` has nothing that is short: only `npm run test:long` runs it.
  testPathIgnorePatterns: [
    '/node_modules/',
    ...(process.env['POSTERN_TEST_VOLUME'] === 'long' ? [] : ['\\.long\\.test\\.ts$']),
  ],
  extensionsToTreatAsEsm: ['.ts'],
  // Most imports are of our own files: looked for first, they are found at the first look.
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  transform: {
    '^.+\\.ts$': [
      '<rootDir>/tools/direct-imports.mjs',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: {
            legacyDecorator: true,
            decoratorMetadata: true,
            useDefineForClassFields: true,
          },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // Source files are imported by the name they will have when built.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // For a machine that does other things as well: what hangs is told of later, and what is slow is not taken for it.
  testTimeout: 60_000,
  // For two cores: suites with servers mostly wait, and a third one computes meanwhile.
  maxWorkers: 3,
  // Modules that a suite imported stay in the memory of the process that ran it: a worker that has grown is replaced. A tenth
  // of it is compiled code, which is kept on purpose.
  workerIdleMemoryLimit: '1100MB',
  // Jest's own, but those that promise a time have the machine to themselves.
  runner: './tools/timed-suites-alone.mjs',
  // Jest's own, without what each suite leaves in the process.
  testRunner: './tools/suite-runner.mjs',
  testSequencer: './tools/test-sequencer.mjs',
};
