import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { quantile } from './quantile.js';

const WRITES = 200;
const PAGE = Buffer.alloc(8 * 1024);

export interface CommitTime {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What a commit costs on this disk at least: a page that is written, and fdatasync. No durable record is faster. */
export function commitTime(): CommitTime {
  const folder = mkdtempSync(join(tmpdir(), 'postern-bench-'));
  const file = openSync(join(folder, 'log'), 'w');
  const times = Array.from({ length: WRITES }, () => {
    const started = performance.now();
    writeSync(file, PAGE);
    fdatasyncSync(file);
    return performance.now() - started;
  });
  closeSync(file);
  rmSync(folder, { recursive: true });
  return { p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
}
