import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const wallClock = [
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Ask the Clock for the time.',
  },
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Ask the Clock for the time.',
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'Use node:crypto.',
  },
];
const reveal = {
  selector: "CallExpression[callee.property.name='reveal']",
  message: 'Only an injector or a secret store adapter reveals a Secret.',
};
const tryInTest = {
  selector: 'TryStatement[handler!=null]',
  message: 'Use rejects or throws: a catch can pass on nothing.',
};

export default tseslint.config(
  {
    ignores: ['dist/', 'coverage/', '.test-servers/', '.postern/', '**/*.cjs', '**/*.mjs'],
  },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 50, IIFEs: true }],
      'max-params': ['error', 4],
      complexity: ['error', 10],
      'max-depth': ['error', 3],
      'no-console': 'error',
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', ...wallClock, reveal],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // Ports are structural: adapters implement them.
      '@typescript-eslint/require-await': 'off', // A port's method returns a promise, awaited or not.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    // Where a secret may be revealed: injectors, the terms that the scrubber looks for, secret store adapters.
    files: [
      'libs/injection/src/injectors/**',
      'libs/injection/src/scrub/**',
      'libs/adapters/src/vault/**',
      'libs/adapters/src/intake/**', // Wrapping tokens are sealed and opened; the private half is a secret of the store.
      'libs/adapters/src/changers/**', // The legacy systems' own login and change of a value.
      'libs/adapters/src/embedded/sealed-*.ts',
      'libs/adapters/src/http/http-token-source.ts', // Client credentials at the token endpoint of a destination.
      'libs/adapters/src/issuers/client-credentials.ts', // Postern as a client: RFC 6749 section 2.3.1.
    ],
    rules: { 'no-restricted-syntax': ['error', ...wallClock] },
  },
  { files: ['libs/kernel/src/clock.ts'], rules: { 'no-restricted-syntax': ['error', reveal] } },
  {
    files: ['**/*.test.ts', '**/*.contract.ts', 'test/**', 'libs/testing/**', 'examples/**'],
    rules: {
      'max-lines-per-function': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-restricted-syntax': ['error', tryInTest],
    },
  },
  {
    // Their output is for people: a failure becomes a line and an exit code.
    files: ['test/demo/**', 'test/bench/**'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // The demo, the bench and the command line write to the terminal: that is their output.
    files: ['test/bench/**', 'test/demo/**', 'examples/**', 'apps/cli/**'],
    rules: { 'no-console': 'off' },
  },
);
