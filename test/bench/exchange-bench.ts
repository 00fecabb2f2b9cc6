import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type BenchArguments } from './bench-arguments.js';
import { BenchPostgres } from './bench-postgres.js';
import { cpuSeconds, machineCpuSeconds, residentMib } from './cpu-time.js';
import { type TokenMeasurement } from './exchange-report.js';
import { FULL_LOADS, HALF_LOAD, tellExchange } from './exchange-verdict.js';
import { startOidcProvider } from './oidc-provider-endpoint.js';
import { type Running } from './running.js';
import { startSts } from './sts-endpoint.js';
import { type TokenEndpoint } from './token-endpoint.js';
import { loadTokens, nameOf, type TokenLoad } from './token-load.js';

const ROUNDS_DEFAULT = 3;
const WARM_UP_TOKENS = 2_000;
const LOADS = [...FULL_LOADS, HALF_LOAD];

/** Exchanges of ES256 subject tokens, each usable once, beside oidc-provider giving opaque tokens of its own. */
export async function exchangeBench(settings: BenchArguments, running: Running): Promise<void> {
  const postgres = await BenchPostgres.start(running);
  const sts = await startSts(postgres, running);
  const endpoints = [sts, await startOidcProvider(postgres, running)];
  const bench = new ExchangeBench(postgres, settings.seconds);
  for (const endpoint of endpoints) await bench.warmUp(endpoint);
  const rounds = settings.rounds ?? ROUNDS_DEFAULT;
  for (let round = 1; round <= rounds; round += 1) {
    for (const load of LOADS) {
      for (const endpoint of endpoints) {
        say(`exchange, round ${round}/${rounds}, ${nameOf(load)}: ${endpoint.name}`);
        await bench.measure(endpoint, load);
      }
    }
  }
  for (const endpoint of endpoints) await bench.assertKept(endpoint);
  const durability = await postgres.durability();
  await running.end();
  tellExchange(bench.measurements, { durability, postern: sts.name });
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

class ExchangeBench {
  readonly measurements: TokenMeasurement[] = [];
  readonly #given = new Map<TokenEndpoint, number>();
  readonly #perSecond = new Map<TokenEndpoint, number>();

  constructor(
    private readonly postgres: BenchPostgres,
    private readonly seconds: number,
  ) {}

  /** Until the code is hot; and to learn about how many tokens a measurement takes. */
  async warmUp(endpoint: TokenEndpoint): Promise<void> {
    say(`exchange, warming up: ${endpoint.name}`);
    this.#given.set(endpoint, await endpoint.kept());
    for (const load of FULL_LOADS) await this.#give(endpoint, load, WARM_UP_TOKENS);
  }

  async measure(endpoint: TokenEndpoint, load: TokenLoad): Promise<void> {
    const perSecond =
      load.kind === 'open' ? load.perSecond : (this.#perSecond.get(endpoint) ?? WARM_UP_TOKENS);
    this.measurements.push(await this.#give(endpoint, load, Math.ceil(perSecond * this.seconds)));
  }

  /** Every token that was answered with is in the database. */
  async assertKept(endpoint: TokenEndpoint): Promise<void> {
    const [given, kept] = [this.#given.get(endpoint), await endpoint.kept()];
    if (given !== kept) throw new Error(`${endpoint.name} gave ${given} tokens and kept ${kept}`);
  }

  async #give(endpoint: TokenEndpoint, load: TokenLoad, count: number): Promise<TokenMeasurement> {
    const bodies = await endpoint.bodies(count);
    const before = cpuOf(endpoint, this.postgres);
    const result = await loadTokens(endpoint, load, bodies);
    await pause(300); // What is left to do in the background is part of the cost.
    const used = usedSince(before, cpuOf(endpoint, this.postgres));
    const tokensPerSecond = result.requests / result.seconds;
    this.#given.set(endpoint, (this.#given.get(endpoint) ?? 0) + count);
    if (load.kind === 'closed') this.#perSecond.set(endpoint, tokensPerSecond);
    const forThousand = (seconds: number): number => (seconds / count) * 1_000;
    const { server, postgres, generator, machine: all, elapsed } = used;
    return {
      peer: endpoint.name,
      load: nameOf(load),
      tokensPerSecond,
      p50Ms: result.p50Ms,
      p99Ms: result.p99Ms,
      serverCpu: forThousand(server),
      postgresCpu: forThousand(postgres),
      generatorCpu: forThousand(generator),
      othersPercent: ((all - server - postgres - generator) / elapsed / cpus().length) * 100,
      residentMib: residentMib(endpoint.pid),
    };
  }
}

/** Readings in seconds, or what was used between two of them. */
interface Cpu {
  readonly server: number;
  readonly postgres: number;
  readonly generator: number;
  readonly machine: number;
  readonly elapsed: number;
}

const cpuOf = ({ pid }: TokenEndpoint, postgres: BenchPostgres): Cpu => ({
  server: cpuSeconds(pid),
  postgres: postgres.cpuSeconds(),
  generator: cpuSeconds(process.pid),
  machine: machineCpuSeconds(),
  elapsed: performance.now() / 1000,
});

const usedSince = (before: Cpu, after: Cpu): Cpu => ({
  server: after.server - before.server,
  postgres: after.postgres - before.postgres,
  generator: after.generator - before.generator,
  machine: after.machine - before.machine,
  elapsed: after.elapsed - before.elapsed,
});
