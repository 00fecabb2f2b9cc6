import { readFileSync } from 'node:fs';

/** Jiffies of /proc/<pid>/stat. */
const TICKS_PER_SECOND = 100;

type Processes = Readonly<Record<string, () => Promise<readonly number[]>>>;

/** CPU time of processes since this was made, by name. */
export class CpuOf {
  private constructor(
    private readonly processes: Processes,
    private readonly before: ReadonlyMap<string, number>,
  ) {}

  static async from(processes: Processes): Promise<CpuOf> {
    return new CpuOf(processes, await sums(processes));
  }

  /** Microseconds of each for one of so many events; a process that began meanwhile counts from its beginning. */
  async since(events: number): Promise<string> {
    return [...(await sums(this.processes))]
      .map(([name, ms]) => [name, ((ms - (this.before.get(name) ?? 0)) * 1_000) / events] as const)
      .map(([name, us]) => `${name} ${us.toFixed(0)} us of CPU an event`)
      .join(', ');
  }
}

async function sums(processes: Processes): Promise<ReadonlyMap<string, number>> {
  const found = Object.entries(processes).map(async ([name, pids]) => {
    return [name, (await pids()).reduce((sum, pid) => sum + cpuMs(pid), 0)] as const;
  });
  return new Map(await Promise.all(found));
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}
