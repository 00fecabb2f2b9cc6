// npm run bench: Postern beside its peers, interleaved in one run, as tables with ratios.
import { type BenchArguments, type BenchName, readArguments, USAGE } from './bench-arguments.js';
import { exchangeBench } from './exchange-bench.js';
import { proxyBench } from './proxy-bench.js';
import { Running } from './running.js';

const EXIT_USAGE = 64; // sysexits.h
const EXIT_INTERRUPTED = 130;

const benches: Readonly<
  Record<BenchName, (settings: BenchArguments, running: Running) => Promise<void>>
> = { proxy: proxyBench, exchange: exchangeBench };

async function main(settings: BenchArguments): Promise<void> {
  const running = new Running();
  const interrupted = (): void => {
    process.exitCode = EXIT_INTERRUPTED; // What is measured now fails; that is no news.
    void running.end().finally(() => process.exit());
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  for (const name of settings.benches) {
    await benches[name](settings, running).finally(() => running.end());
  }
}

function argumentsOrEnd(): BenchArguments {
  try {
    return readArguments(process.argv.slice(2), process.env);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(EXIT_USAGE);
  }
}

await main(argumentsOrEnd()).catch((error: unknown) => {
  if (process.exitCode === EXIT_INTERRUPTED) return;
  console.error(`the bench failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
