#!/usr/bin/env node
import { existsSync } from 'node:fs';

const built = new URL('../../../dist/apps/cli/src/main.js', import.meta.url);
if (!existsSync(built)) {
  console.error('postern is not built yet: run `npm run build` once');
  process.exit(69);
}
await import(built.href);
