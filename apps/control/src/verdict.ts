import { type EventDataOf, type EventType, type RecordedEvent } from '#events';
import { CALL_STEP_OF, EXCHANGE_STEP_OF } from './refusal-step.js';

/** Of whom the event says that they asked. */
export interface VerdictSubject {
  readonly id: string | undefined;
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
}

/** What the event of a decision says of it. */
export interface Verdict {
  readonly kind: 'exchange' | 'call' | 'revocation';
  readonly effect: 'permit' | 'deny';
  /** Which step refused; null for a permit, and where nobody can tell. */
  readonly step: string | null;
  readonly reason: string | null;
  /** What was compared, for people. */
  readonly compared: string | null;
  /** The grant that permitted, or came closest. */
  readonly grant: { readonly id: string; readonly version: number | undefined } | undefined;
  readonly grantSetDigest: string | undefined;
  readonly handleId: string | undefined;
  readonly subject: VerdictSubject | undefined;
}

type Read = (event: RecordedEvent) => Verdict | undefined;

const on =
  <T extends EventType>(type: T, verdict: (data: EventDataOf<T>) => Verdict): Read =>
  (event) =>
    event.type === type ? verdict((event as RecordedEvent<T>).data) : undefined;

/** The events that decide, and what each says; one that stands earlier explains those that come with it. */
const READS: readonly Read[] = [
  on('dev.postern.exchange.denied.v1', (data) => ({
    kind: 'exchange',
    effect: 'deny',
    step: stepIn(data) ?? EXCHANGE_STEP_OF[data.reason],
    reason: data.reason,
    compared: data.detail,
    grant:
      data.grant_id === undefined ? undefined : { id: data.grant_id, version: versionIn(data) },
    grantSetDigest: data.grant_set_digest,
    handleId: undefined,
    subject: subjectOf(data.actor),
  })),
  on('dev.postern.exchange.permitted.v1', (data) => ({
    ...permitted('exchange'),
    grant: { id: data.grant_id, version: data.grant_version },
    grantSetDigest: data.grant_set_digest,
    handleId: data.handle_id,
    subject: subjectOf(data.actor),
  })),
  on('dev.postern.call.denied.v1', (data) => ({
    ...permitted('call'),
    effect: 'deny',
    step: CALL_STEP_OF[data.reason],
    reason: data.reason,
    compared: data.detail,
    handleId: data.handle_id,
  })),
  on('dev.postern.call.completed.v1', (data) => ({
    ...permitted('call'),
    handleId: data.handle_id,
  })),
  on('dev.postern.handle.revoked.v1', (data) => ({
    ...permitted('revocation'),
    reason: data.reason,
    handleId: data.handle_id,
  })),
];

const permitted = (kind: Verdict['kind']): Verdict => ({
  kind,
  effect: 'permit',
  step: null,
  reason: null,
  compared: null,
  grant: undefined,
  grantSetDigest: undefined,
  handleId: undefined,
  subject: undefined,
});

/** The event that decides, with what it says; undefined when none of them does. */
export function verdictOf(
  events: readonly RecordedEvent[],
): { readonly verdict: Verdict; readonly event: RecordedEvent } | undefined {
  for (const read of READS) {
    for (const event of events) {
      const verdict = read(event);
      if (verdict !== undefined) return { verdict, event };
    }
  }
  return undefined;
}

interface Actor {
  readonly subject_id?: string | undefined;
  readonly subject_issuer?: string | undefined;
  readonly subject?: string | undefined;
}

/** Undefined when the event knows nothing of who asked. */
function subjectOf({
  subject_id: id,
  subject_issuer: issuer,
  subject,
}: Actor): VerdictSubject | undefined {
  return id === undefined && issuer === undefined && subject === undefined
    ? undefined
    : { id, issuer, subject };
}

/** Only later minor versions of a denial say it. */
const stepIn = (data: object): string | undefined =>
  'step' in data && typeof data.step === 'string' ? data.step : undefined;

const versionIn = (data: object): number | undefined =>
  'grant_version' in data && typeof data.grant_version === 'number'
    ? data.grant_version
    : undefined;
