import { setInterval } from 'node:timers';
import { type Server as TlsServer } from 'node:https';
import { type Clock } from '#kernel';
import { type HealthRegistry } from './health.js';
import { type ListenerPair, readListenerPair, tlsOptions } from './listener-tls.js';
import { type Logger } from './logger.js';
import { type Metrics } from './metrics.js';
import { type ListenerTls } from './postern-config.js';

export interface ListenerCertificatesParts {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly health: Pick<HealthRegistry, 'add'>;
  readonly metrics: Pick<Metrics, 'gauge'>;
  /** Between two looks at the files. Default 5,000. */
  readonly everyMs?: number;
}

/** A listener that speaks TLS, with what it began with. */
export interface TlsListener {
  readonly server: Pick<TlsServer, 'setSecureContext'>;
  readonly tls: ListenerTls;
  readonly pair: ListenerPair;
}

/** Serves what comes to stand in the files of a listener from now on. Gives what ends that. */
export type KeepCertificate = (listener: TlsListener) => () => void;

const EVERY_MS = 5_000;
/** From here on `/readyz` is degraded: whoever renews is late. */
const EXPIRES_SOON_MS = 3 * 24 * 3_600_000;

/**
 * The certificates of the listeners of this process. Their files are read every few seconds, and when `reload` says so;
 * a pair that can be served takes the place of the old one for new connections. Whatever else is found there is told
 * of, and the last good pair is served on.
 */
export class ListenerCertificates {
  readonly #served = new Set<ServedCertificate>();
  readonly #gauges: Gauges;

  constructor(private readonly parts: ListenerCertificatesParts) {
    const { metrics } = parts;
    const labels = ['listener'] as const;
    this.#gauges = {
      expiresAt: metrics.gauge(
        'listener_certificate_expires_at_seconds',
        'When the served certificate of a listener expires (Unix time)',
        labels,
      ),
      refused: metrics.gauge(
        'listener_certificate_reload_refused',
        '1: the files of a listener hold what cannot be served, and the last good pair is',
        labels,
      ),
    };
  }

  /** For the listener of that name; each may be given once. */
  of(name: 'public' | 'admin'): KeepCertificate {
    return (listener) => {
      const served = new ServedCertificate(name, listener, { ...this.parts, gauges: this.#gauges });
      this.parts.health.add(`certificate of listen.${name}`, () => served.trouble());
      this.#served.add(served);
      served.start(this.parts.everyMs ?? EVERY_MS);
      return () => {
        served.stop();
        this.#served.delete(served);
      };
    };
  }

  /** Looks at all files now. Resolves when what is good there is served. Never rejects. */
  async reload(): Promise<void> {
    await Promise.all([...this.#served].map((served) => served.look()));
  }
}

interface Gauges {
  readonly expiresAt: ListenerGauge;
  readonly refused: ListenerGauge;
}
type ListenerGauge = ReturnType<typeof Metrics.prototype.gauge<'listener'>>;

type ServedParts = Pick<ListenerCertificatesParts, 'clock' | 'log'> & { readonly gauges: Gauges };

/** The one certificate of one listener. */
class ServedCertificate {
  #pair: ListenerPair;
  #problem: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #looking: Promise<void> | undefined;

  constructor(
    private readonly name: string,
    private readonly listener: TlsListener,
    private readonly parts: ServedParts,
  ) {
    this.#pair = listener.pair;
    this.#measure();
  }

  start(everyMs: number): void {
    this.#timer = setInterval(() => void this.look(), everyMs).unref();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** What is wrong, if anything; the listener serves all the same. */
  trouble(): string | undefined {
    if (this.#problem !== undefined) return `the last good one is served on: ${this.#problem}`;
    const leftMs = expiresAtMs(this.#pair) - this.parts.clock.now().getTime();
    if (leftMs <= 0) return 'has expired';
    return leftMs < EXPIRES_SOON_MS ? 'expires within 3 days' : undefined;
  }

  /** One look at a time; who asks while one is under way waits for another, which sees what stands there by then. */
  look(): Promise<void> {
    const turn = (this.#looking ?? Promise.resolve()).then(() => this.#look());
    this.#looking = turn;
    return turn;
  }

  async #look(): Promise<void> {
    try {
      const pair = await readListenerPair(this.listener.tls);
      if (this.#stopped) return;
      if (!isSame(pair, this.#pair)) this.#serve(pair);
      this.#problem = undefined;
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : 'unexpected failure');
    }
    this.#measure();
  }

  /** The pair is whole and checked: what is served is either the old one or this one. */
  #serve(pair: ListenerPair): void {
    this.#requireValidNow(pair);
    this.listener.server.setSecureContext(tlsOptions(pair, this.listener.tls));
    this.#pair = pair;
    const expiresAt = new Date(expiresAtMs(pair)).toISOString();
    this.parts.log.info({ listener: this.name, expiresAt }, 'a renewed certificate is served');
  }

  /** Callers would refuse it, so what we have is not worse. */
  #requireValidNow({ certificate }: ListenerPair): void {
    const now = this.parts.clock.now().getTime();
    if (Date.parse(certificate.validFrom) <= now && now < Date.parse(certificate.validTo)) return;
    throw new Error(`${this.listener.tls.certificateFile}: is not valid now, by its dates`);
  }

  /** One line for one problem, however often it is found. */
  #refuse(problem: string): void {
    if (this.#problem !== problem) {
      this.parts.log.warn(
        { listener: this.name, problem },
        'the certificate cannot be renewed: the last good one is served on',
      );
    }
    this.#problem = problem;
  }

  #measure(): void {
    const { expiresAt, refused } = this.parts.gauges;
    expiresAt.set({ listener: this.name }, expiresAtMs(this.#pair) / 1_000);
    refused.set({ listener: this.name }, this.#problem === undefined ? 0 : 1);
  }
}

const expiresAtMs = ({ certificate }: ListenerPair): number => Date.parse(certificate.validTo);

const isSame = (one: ListenerPair, other: ListenerPair): boolean =>
  one.certificatePem.equals(other.certificatePem) && one.keyPem.equals(other.keyPem);
