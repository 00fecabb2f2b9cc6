// Jest's own runner of a suite, and after each suite what it left in the process is ended. Jest loads its own parts anew
// for each suite, and one of them makes an AsyncLocalStorage; NestJS makes others. Node.js tells each of them of every
// promise that anybody makes, as long as it is enabled, and nobody disables it: after 50 suites in one process a promise
// took eighty times as long. What was compiled is kept for the suites that follow: see code-cache.mjs.
import asyncHooks from 'node:async_hooks';
import circus from 'jest-circus/runner';
import { keepCompiledCode, noteCompiledCode } from './code-cache.mjs';

keepCompiledCode();
const made = new Set();

// Suites are given this object by Jest when they, or the packages that they load, ask for `node:async_hooks`.
asyncHooks.AsyncLocalStorage = class AsyncLocalStorage extends asyncHooks.AsyncLocalStorage {
  constructor(...options) {
    super(...options);
    made.add(this);
  }
};

export default async function runSuite(...suite) {
  try {
    return await circus.default(...suite);
  } finally {
    for (const storage of made) storage.disable();
    made.clear();
    noteCompiledCode();
  }
}
