import {
  accessEventId,
  type Candidate,
  type DetectionSettings,
  type DetectionStore,
  type RaisedSum,
  type RuleEvaluator,
  type VaultAccess,
  type VaultAccessLog,
} from '#detection';
import {
  checkProgress,
  Consumption,
  type EventFactory,
  type IncomingLine,
  type LineFeed,
} from '#events';
import { type Clock, secondsAfter } from '#kernel';
import { type HealthRegistry, type Logger, type Metrics, retryPace } from '#platform';
import { sentinelGroup } from './evidence-reader.js';
import { KeptReading } from './kept-reading.js';
import {
  judgeAuditLine,
  VAULT_AUDIT_LINE_BYTES_MAX,
  type VaultAuditTerms,
} from './vault-audit-line.js';

const HOUR_MS = 3_600_000;
const PASSED_OVER = "a line of Vault's audit log cannot be read: what it tells of is not seen";
const VERDICTS = ['past', 'allowed', 'other', 'unreadable'] as const;

export interface VaultAuditWatchParts {
  readonly deployment: string;
  readonly feed: LineFeed;
  readonly topic: string;
  readonly terms: VaultAuditTerms;
  readonly accesses: VaultAccessLog;
  readonly evaluator: RuleEvaluator;
  readonly store: DetectionStore;
  readonly settings: () => Promise<DetectionSettings>;
  readonly events: EventFactory;
  readonly clock: Clock;
  readonly health: Pick<HealthRegistry, 'add'>;
  readonly metrics: Pick<Metrics, 'counter'>;
  readonly log: Pick<Logger, 'warn' | 'error'>;
  readonly onRaised: (sum: RaisedSum) => void;
}

/** A group of its own, as its members read another topic than those of the evidence; no deployment has a dot in its name. */
export const vaultAuditGroup = (deployment: string): string =>
  `${sentinelGroup(deployment)}.vault-audit`;

/**
 * Reads what Vault's audit log says, and raises D19 when a managed secret was read past Postern, D21 when one was written.
 * At once, and not in a round: a log shipper may be hours late. A line that cannot be read is counted and left out: it
 * becomes no dead letter, as an audit device can be told to write values in the clear.
 */
export class VaultAuditWatch {
  readonly #reading = new KeptReading();
  readonly #count: (verdict: (typeof VERDICTS)[number]) => void;
  /** When a line could not be read the last time. */
  #unreadableAt: Date | undefined;

  constructor(private readonly parts: VaultAuditWatchParts) {
    const lines = parts.metrics.counter(
      'vault_audit_lines_total',
      "Lines of Vault's audit log that were read, by what they told",
      ['verdict'],
    );
    for (const verdict of VERDICTS) lines.inc({ verdict }, 0);
    this.#count = (verdict) => lines.inc({ verdict });
    parts.health.add('vault audit', () => this.#note());
  }

  /** Does not wait for the bus, nor for the topic, which may come later. */
  start(): void {
    const { feed, topic, deployment, log } = this.parts;
    const reading = {
      ...({ group: vaultAuditGroup(deployment), topic, from: 'earliest' } as const),
      bytesMax: VAULT_AUDIT_LINE_BYTES_MAX,
      ...this.#consumption().ofIncoming((line: IncomingLine) => this.#take(line)),
    };
    this.#reading.start({
      subscribe: (onFailure) => feed.subscribe({ ...reading, onFailure }),
      onProblem: (message) => log.warn(message),
      onFailure: (error) => log.error({ err: error }, "Vault's audit log is not read any more"),
    });
  }

  /** Resolves when no line is being looked at any more. */
  async stop(): Promise<void> {
    await this.#reading.stop();
  }

  async #take({ text, place }: IncomingLine): Promise<void> {
    const verdict = judgeAuditLine(text, this.parts.terms);
    if (verdict.kind === 'unreadable') this.#passOver(place);
    if (verdict.kind === 'past') await this.#raise(verdict.accesses);
    this.#count(verdict.kind);
  }

  /** Who reads a secret can make the line of it longer than any that is read: that lines are passed over is told. */
  #passOver(place: IncomingLine['place']): void {
    if (!this.#hasPassedOver()) this.parts.log.warn({ ...place }, PASSED_OVER);
    this.#unreadableAt = this.parts.clock.now();
  }

  #hasPassedOver(): boolean {
    const { clock } = this.parts;
    return (
      this.#unreadableAt !== undefined &&
      clock.now() < secondsAfter(this.#unreadableAt, HOUR_MS / 1_000)
    );
  }

  /** @throws DependencyUnavailable: the line must come again */
  async #raise(accesses: readonly VaultAccess[]): Promise<void> {
    const { store, events, clock, accesses: kept, log } = this.parts;
    await kept.keep(accesses);
    const settings = await this.parts.settings();
    const candidates = [
      ...accesses.filter(({ operation }) => operation === 'write').map(written),
      ...(await this.#reads(accesses, settings)),
    ];
    const sum = await store.raise(candidates, { settings, events, now: clock.now() });
    for (const { requestId, resource, operation, path, entityId } of accesses) {
      const told = { requestId, resource, operation, path, entityId };
      log.warn(told, 'a managed secret was used in Vault past Postern');
    }
    this.parts.onRaised(sum);
  }

  /** The rule is one of those over evidence: what it finds is the same when it is computed again. */
  async #reads(
    accesses: readonly VaultAccess[],
    settings: DetectionSettings,
  ): Promise<readonly Candidate[]> {
    const from = accesses[0]?.at;
    const modes = Object.values({ '': settings.rules.D19.mode, ...settings.rules.D19.resources });
    if (from === undefined || modes.every((mode) => mode === 'off')) return [];
    const span = { from, until: secondsAfter(from, 1) };
    const found = await this.parts.evaluator.evaluate('D19', settings.rules.D19, span);
    return found.filter(({ resource }) => accesses.some((one) => one.resource === resource));
  }

  #consumption(): Consumption {
    const { clock, log, deployment } = this.parts;
    return new Consumption({
      kind: 'state',
      group: vaultAuditGroup(deployment),
      clock,
      ...retryPace,
      observer: {
        onTrouble: (place, reason) => log.warn({ ...place, reason }, 'an audit line waits'),
      },
    });
  }

  #note(): string | undefined {
    const { failure, hasBegun, progress } = this.#reading;
    if (failure !== undefined) throw failure;
    const note = hasBegun ? checkProgress(progress) : undefined;
    return note ?? (this.#hasPassedOver() ? PASSED_OVER : undefined);
  }
}

/** D21: a version that was written by nobody who may. */
function written(access: VaultAccess): Candidate {
  const { resource, at } = access;
  return {
    rule: 'D21',
    entity: { type: 'resource', id: resource },
    subjectId: undefined,
    resource,
    startAt: new Date(Math.floor(at.getTime() / HOUR_MS) * HOUR_MS),
    endAt: at,
    severity: 'high',
    confidence: 'high',
    observed: 1,
    threshold: 1,
    evidence: [accessEventId(access)],
    explanation:
      'A version of the secret was written in Vault by nobody of detection.vaultAudit.allowEntities.',
    responses: [{ action: 'hold_promotion', target: `resource:${resource}`, seconds: undefined }],
  };
}
