import { type AppContext } from './app-context.js';
import { NegativeProber } from './negative-prober.js';
import { type ListenAddress } from './postern-config.js';
import { type Probe, type ProbeBreach } from './probe.js';
import { ProbeTarget } from './probe-target.js';

export interface ProberParts {
  /** Where the public listener of this process really is. */
  readonly address: ListenAddress;
  readonly probes: (target: ProbeTarget) => readonly Probe[];
  /** Makes a breach durable, as an event. */
  readonly record: (breach: ProbeBreach) => Promise<void>;
}

export interface RunningProber {
  /** Before the listener closes, and what breaches are recorded in. */
  stop(): Promise<void>;
}

/**
 * The negative prober as `prober` of the configuration says, begun, with its health check `prober`. When it is off, the
 * log has the reason.
 */
export function startProber(context: AppContext, parts: ProberParts): RunningProber {
  const { config, health, metrics, log } = context;
  if (config.prober.kind === 'off') {
    log.warn({ why: config.prober.why }, 'the negative prober is off');
    return { stop: () => Promise.resolve() };
  }
  const { origin, everySeconds } = config.prober;
  const { tls } = config.listen.public;
  const own = { ...parts.address, ...(tls === undefined ? {} : { tls }) };
  const target = origin === undefined ? ProbeTarget.ownListener(own) : ProbeTarget.at(origin);
  const prober = new NegativeProber({
    probes: parts.probes(target),
    everySeconds,
    metrics,
    record: parts.record,
    onBreach: (breach) => log.fatal(breach, 'a probe was permitted that must be refused'),
    onFault: (err) => log.error({ err }, 'the breach of a probe is not on record yet'),
  });
  health.add('prober', () => prober.readiness());
  prober.start();
  return {
    stop: async () => {
      await prober.stop();
      await target.close();
    },
  };
}
