import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Makes metrics named `postern_...`, and gives them out as Prometheus reads them. */
export class Metrics {
  readonly #registry = new Registry();

  /** Figures of the process: memory, CPU, event loop. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  counter<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[] = [],
  ): Counter<Label> {
    return new Counter({
      name: `postern_${name}`,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
    });
  }

  gauge<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[] = [],
  ): Gauge<Label> {
    return new Gauge({
      name: `postern_${name}`,
      help,
      labelNames: [...labels],
      registers: [this.#registry],
    });
  }

  /** A gauge that is asked for its value whenever it is read. `read` must be quick and must not throw. */
  gaugeOf(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `postern_${name}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  histogram<Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[] = [],
  ): Histogram<Label> {
    const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    return new Histogram({
      name: `postern_${name}`,
      help,
      labelNames: [...labels],
      buckets,
      registers: [this.#registry],
    });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
}
