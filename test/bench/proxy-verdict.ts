import { commitTime } from './commit-time.js';
import { type Measurement, type Part, PARTS, partTable } from './report.js';
import { changeOf, keep, lastRows, machine } from './results.js';
import { textTable } from './text-table.js';

/** What is to be reached: a figure of Postern, alone or over that of a peer. */
interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly value: number;
  readonly isMet: boolean;
}

type Figure = (row: Measurement) => number;

const BUFFERED = 'Postern, audit buffered';
const STRICT = 'Postern, audit strict';
const BARE = 'bare node:http + undici';
const cpu: Figure = ({ requestsPerCpuSecond }) => requestsPerCpuSecond;

/** Prints the medians, the ratios and the goals, and keeps them for the next run to compare with. */
export function tellProxy(rows: readonly Measurement[]): void {
  console.log(`\n${machine()}; 32 connections; PostgreSQL and the backend beside it`);
  for (const part of PARTS) {
    console.log(`\n${part}\n${partTable(rows.filter((row) => row.part === part))}`);
  }
  const { p50Ms, p99Ms } = commitTime();
  const disk = `one fdatasync of this disk: p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`;
  console.log(`\n${disk}; \`strict\` waits for at least one of them, \`buffered\` for none`);
  const goals = goalsOf(rows);
  console.log(`\n${goalTable(goals)}\n`);
  compare(rows);
  keep('proxy', rows, { goals });
}

function goalsOf(rows: readonly Measurement[]): readonly Goal[] {
  const of = (part: Part, peer: string, figure: Figure): number => {
    const row = rows.find((one) => one.part === part && one.peer === peer);
    return row === undefined ? Number.NaN : figure(row);
  };
  const ratio = (part: Part, peer: string, other: string): number =>
    of(part, peer, cpu) / of(part, other, cpu);
  const added = (peer: string, figure: Figure): number =>
    of('half rate', peer, figure) - of('half rate', 'the backend, direct', figure);
  const grown = (part: Part): number => of(part, STRICT, ({ grownMib }) => grownMib);
  return [
    atLeast('buffered over bare undici, req/CPU-s', 0.7, ratio('1 KiB GET', BUFFERED, BARE)),
    atLeast('strict over bare undici, req/CPU-s', 0.5, ratio('1 KiB GET', STRICT, BARE)),
    atLeast(
      'buffered over reply-from',
      1,
      ratio('1 KiB GET', BUFFERED, 'Nest + Fastify + reply-from'),
    ),
    atLeast('buffered over Express', 3, ratio('1 KiB GET', BUFFERED, 'Nest + Express + h-p-m')),
    ...[BUFFERED, STRICT].flatMap((peer) => [
      atMost(
        `added p50 at half rate, ${peer}, ms`,
        1,
        added(peer, ({ p50Ms }) => p50Ms),
      ),
      atMost(
        `added p99 at half rate, ${peer}, ms`,
        5,
        added(peer, ({ p99Ms }) => p99Ms),
      ),
    ]),
    atLeast('10 MiB down over bare undici', 0.8, ratio('10 MiB down', STRICT, BARE)),
    atLeast('10 MiB up over bare undici', 0.8, ratio('10 MiB up', STRICT, BARE)),
    atMost('RSS growth of 32 downloads, MiB', 64, grown('10 MiB down')),
    atMost('RSS growth of 32 uploads, MiB', 64, grown('10 MiB up')),
    ...rows
      .filter(({ part }) => part === 'flood')
      .map((row) => atLeast(`flood of ${row.peer}, refused/CPU-s`, 20_000, cpu(row))),
  ];
}

const atLeast = (what: string, least: number, value: number): Goal => ({
  what,
  goal: `>= ${least}`,
  value,
  isMet: value >= least,
});

const atMost = (what: string, most: number, value: number): Goal => ({
  what,
  goal: `<= ${most}`,
  value,
  isMet: value <= most,
});

const goalTable = (goals: readonly Goal[]): string =>
  textTable(
    ['goal', 'wanted', 'measured', ''],
    goals.map(({ what, goal, value, isMet }) => [
      what,
      goal,
      value.toFixed(value < 100 ? 2 : 0),
      isMet ? 'met' : 'MISSED',
    ]),
  );

function compare(rows: readonly Measurement[]): void {
  const before = lastRows('proxy') as readonly Measurement[];
  for (const row of rows) {
    const old = before.find(({ part, peer }) => part === row.part && peer === row.peer);
    if (old === undefined || Number.isNaN(row.requestsPerCpuSecond)) continue;
    const change = changeOf(row.requestsPerCpuSecond, old.requestsPerCpuSecond);
    console.log(`  ${row.part}, ${row.peer}: ${change} since the last run`);
  }
}
