import { type CredentialRefusal, type CredentialUse } from '#credentials';
import { type CallOutcome, type EventFactory, type PosternEvent } from '#events';
import { type Handle } from '#handles';
import { type Operation } from '#policy';
import { type CallClient } from './call-attempt.js';
import { CallDenied } from './call-denied.js';
import { CallFailed, type CutCause, cutFailure } from './call-failed.js';
import { type CallStart } from './call-ledger.js';
import { type CanonicalRequest } from './canonical-request.js';
import { type ProxiedResource } from './proxied-resource.js';
import { type CallBody } from './relay/call-body.js';
import { type ResponseRelay } from './relay/response-relay.js';
import { type SwitchedProtocol } from './upstream.js';

/** What was permitted: from here on nobody looks at anything else. */
export interface PermittedCall {
  readonly request: CanonicalRequest;
  readonly handle: Handle;
  readonly resource: ProxiedResource;
  readonly operation: Operation;
  /** What it becomes; absent: it stays HTTP. `request.method` is UPGRADE then. */
  readonly protocol?: SwitchedProtocol | undefined;
}

/** A call from before it is counted and recorded, up to its end. */
export class ActiveCall {
  /** Turns of CallsInFlight: when it was asked about, and up to when its handle is known to be live. */
  askedTurn = 0;
  confirmedTurn = 0;
  credentialVersion: number | undefined;
  /** Of a managed credential: what it was admitted with. */
  use: CredentialUse | undefined;
  /** A version that was refused, before the call was sent once more with another. */
  refusedVersion: number | undefined;
  /** The refusal of it, as long as it is not known whether another one works. */
  openRefusal: Omit<CredentialRefusal, 'fallbackWorked'> | undefined;
  body: CallBody | undefined;
  /** All of it, where it was held. */
  heldBody: Buffer | undefined;
  relay: ResponseRelay | undefined;
  /** Until it is known better: nothing got through. */
  outcome: CallOutcome = 'upstream_unreachable';
  #cutBy: CallFailed | undefined;

  constructor(
    readonly permitted: PermittedCall,
    readonly start: CallStart,
    readonly client: CallClient,
  ) {}

  endedBy(error: unknown): void {
    if (error instanceof CallFailed) this.outcome = error.outcome;
    else if (error instanceof CallDenied && error.reason === 'credential_unavailable') {
      this.outcome = 'credential_unavailable';
    }
  }

  /** Once it was cut: nothing of it may be sent any more. */
  get cutBy(): CallFailed | undefined {
    return this.#cutBy;
  }

  /**
   * Ends it wherever it is: the destination is let go of, and the caller is answered, or its connection cut when an answer
   * has begun.
   */
  cut(cause: CutCause): void {
    if (this.#cutBy !== undefined) return;
    const failure = cutFailure(cause, this.permitted.resource.presentations);
    this.#cutBy = failure;
    this.relay?.cut(failure);
    this.body?.destroy(failure);
  }

  /** `call.completed`; a secret that was found in the response makes it a warning. */
  completed(events: EventFactory, now: Date): PosternEvent<'dev.postern.call.completed.v1'> {
    const { callId, handleId, resource, routeTemplate, method, startedAt, correlationId } =
      this.start;
    const { credentialVersion, refusedVersion, relay } = this;
    const scrubbed = relay?.hits ?? 0;
    return events.create('dev.postern.call.completed.v1', {
      subject: `call/${callId}`,
      partitionKey: handleId,
      correlationId,
      severity: scrubbed > 0 ? 'WARN' : 'INFO',
      data: {
        call_id: callId,
        handle_id: handleId,
        subject_id: this.permitted.handle.subject.id,
        resource,
        ...(credentialVersion === undefined ? {} : { credential_version: credentialVersion }),
        ...(refusedVersion === undefined || refusedVersion === credentialVersion
          ? {}
          : { refused_version: refusedVersion }),
        route_template: routeTemplate,
        method,
        ...(relay?.status === undefined ? {} : { upstream_status: relay.status }),
        ...this.traffic(),
        duration_ms: Math.max(0, now.getTime() - startedAt.getTime()),
        scrubbed,
        outcome: this.outcome,
        client: this.client,
      },
    });
  }

  private traffic(): { readonly bytes_in: number; readonly bytes_out: number } {
    const { body, relay } = this;
    return {
      bytes_in: body?.bytes ?? relay?.sessionBytesIn ?? 0,
      bytes_out: relay?.bytesOut ?? 0,
    };
  }
}
