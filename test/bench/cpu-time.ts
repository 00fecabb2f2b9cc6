import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100; // sysconf(_SC_CLK_TCK) on Linux.

/** CPU seconds (user and system) that a process and its threads have used, from the kernel's accounting. */
export function cpuSeconds(pid: number): number {
  const { userTicks, systemTicks } = processTimes(pid);
  return (userTicks + systemTicks) / TICKS_PER_SECOND;
}

/** Those of a process and its children, also of children that have ended. A server such as PostgreSQL is one. */
export function familyCpuSeconds(pid: number): number {
  const parent = processTimes(pid);
  const living = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => timesIfAlive(Number(name)))
    .filter((times) => times?.parentPid === pid);
  return living.reduce(
    (total, times) =>
      total + ((times?.userTicks ?? 0) + (times?.systemTicks ?? 0)) / TICKS_PER_SECOND,
    (parent.userTicks + parent.systemTicks + parent.endedChildrenTicks) / TICKS_PER_SECOND,
  );
}

/** CPU seconds that all processes of the machine have used, and the host has taken from it (proc(5), `steal`). */
export function machineCpuSeconds(): number {
  const [total = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = total
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softIrq + steal) / TICKS_PER_SECOND;
}

/** Resident memory in MiB. */
export function residentMib(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) / 1024;
}

/** @throws Error when there is no such process */
export const parentOf = (pid: number): number => processTimes(pid).parentPid;

interface ProcessTimes {
  readonly parentPid: number;
  readonly userTicks: number;
  readonly systemTicks: number;
  readonly endedChildrenTicks: number;
}

/** proc(5): the name of the command, in brackets, may itself have brackets and spaces. */
function processTimes(pid: number): ProcessTimes {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  return {
    parentPid: fields[1] ?? 0,
    userTicks: fields[11] ?? 0,
    systemTicks: fields[12] ?? 0,
    endedChildrenTicks: (fields[13] ?? 0) + (fields[14] ?? 0),
  };
}

function timesIfAlive(pid: number): ProcessTimes | undefined {
  try {
    return processTimes(pid);
  } catch {
    return undefined; // It ended between the listing and the reading.
  }
}
