import { type EventDataOf } from '#events';
import { type Chance } from './chance.js';
import { type Environment, HANDLE_SECONDS, MODEL, SECOND_MS } from './model.js';
import { type Label, type Recorder } from './recorder.js';
import { type Caller, type Workload } from './workloads.js';

/** A handle as the simulator knows it. */
export interface SimulatedHandle {
  readonly id: string;
  readonly familyId: string;
  readonly exchangeId: string;
  readonly workload: Workload;
  readonly environment: Environment;
  readonly resource: string;
  readonly at: number;
  readonly fingerprint: string;
}

/** Who does it, when, as what. */
export interface Act {
  readonly at: number;
  readonly caller: Caller;
  readonly label: Label;
  /** Default: that of the workload. */
  readonly environment?: Environment;
}

type CallDenial = EventDataOf<'dev.postern.call.denied.v1'>;
type ExchangeDenial = EventDataOf<'dev.postern.exchange.denied.v1'>;
type CompletedCall = EventDataOf<'dev.postern.call.completed.v1'>;

/** What callers do with Postern, each with the events that it leaves. */
export class Doings {
  constructor(
    readonly chance: Chance,
    private readonly recorder: Recorder,
  ) {}

  /** `token`: another handle whose subject token this exchange presents as well. */
  exchange(
    workload: Workload,
    resource: string,
    act: Act,
    token?: SimulatedHandle,
  ): SimulatedHandle {
    const { chance } = this;
    const { environment = workload.environment } = act;
    const handle: SimulatedHandle = {
      id: chance.id('hdl'),
      familyId: token?.familyId ?? chance.id('fam'),
      exchangeId: chance.id('exc'),
      ...{ workload, environment, resource, at: act.at },
      fingerprint: token?.fingerprint ?? chance.hex(64),
    };
    this.#permitted(handle, act);
    this.#issued(handle, act);
    return handle;
  }

  deniedExchange(workload: Workload, act: Act, data: Partial<ExchangeDenial>): void {
    const { environment = workload.environment, at, label } = act;
    const exchangeId = this.chance.id('exc');
    this.recorder.record('dev.postern.exchange.denied.v1', {
      ...{ environment, at, label, partitionKey: workload.subjectId },
      subject: `exchange/${exchangeId}`,
      data: {
        actor: actorOf(workload, act.caller),
        exchange_id: exchangeId,
        env: environment,
        reason: 'not_allowed',
        detail: 'refused',
        error: 'invalid_target',
        ...data,
      },
    });
  }

  call(handle: SimulatedHandle, act: Act, data: Partial<CompletedCall> = {}): void {
    const { chance } = this;
    const hasFailed = chance.happens(MODEL.upstreamErrors);
    this.recorder.record('dev.postern.call.completed.v1', {
      environment: handle.environment,
      ...{ at: act.at, label: act.label, partitionKey: handle.id },
      subject: `handle/${handle.id}`,
      data: {
        call_id: chance.id('cal'),
        handle_id: handle.id,
        subject_id: handle.workload.subjectId,
        resource: handle.resource,
        route_template: chance.of(['/accounts/{id}', '/entries', '/balances/{day}']),
        method: 'GET',
        upstream_status: hasFailed ? 502 : 200,
        bytes_in: chance.int(80, 900),
        bytes_out: Math.round(chance.lognormal(MODEL.callBytesMedian, MODEL.callBytesSigma)),
        duration_ms: Math.round(chance.lognormal(40, 0.8)),
        scrubbed: 0,
        outcome: hasFailed ? 'upstream_error' : 'ok',
        client: act.caller,
        ...data,
      },
    });
  }

  /** With no handle that is known, unless `data` names one. */
  deniedCall(environment: Environment, act: Act, data: Partial<CallDenial>): void {
    const partitionKey = data.handle_id ?? `peer:${act.caller.ip}`;
    this.recorder.record('dev.postern.call.denied.v1', {
      ...{ environment, at: act.at, label: act.label, partitionKey },
      subject: data.handle_id === undefined ? 'call/denied' : `handle/${data.handle_id}`,
      data: {
        checksum_ok: true,
        reason: 'unknown',
        detail: 'refused',
        env_listener: environment,
        method: 'GET',
        client: act.caller,
        ...data,
      },
    });
  }

  /** A call with a handle that is dead. */
  deadCall(handle: SimulatedHandle, act: Act, reason: 'revoked' | 'expired'): void {
    this.deniedCall(handle.environment, act, {
      ...{
        handle_id: handle.id,
        resource: handle.resource,
        env_handle: handle.environment,
        reason,
      },
    });
  }

  revoke(handle: SimulatedHandle, act: Act, reason: string): void {
    this.recorder.record('dev.postern.handle.revoked.v1', {
      environment: handle.environment,
      ...{ at: act.at, label: act.label, partitionKey: handle.id },
      subject: `handle/${handle.id}`,
      data: {
        handle_id: handle.id,
        family_id: handle.familyId,
        ...{ scope: 'handle', reason, initiator: 'subject', revoked_at: epoch(act.at) },
      },
    });
  }

  #permitted(handle: SimulatedHandle, act: Act): void {
    const { workload, environment, resource } = handle;
    const grantId = grantOf(workload, resource);
    this.recorder.record('dev.postern.exchange.permitted.v1', {
      ...{ environment, at: act.at, label: act.label, partitionKey: workload.subjectId },
      subject: `exchange/${handle.exchangeId}`,
      data: {
        actor: actorOf(workload, act.caller),
        exchange_id: handle.exchangeId,
        ...{ audience: resource, scope: `${resource}.read` },
        subject_token_fp: handle.fingerprint,
        subject_token_iat: epoch(act.at) - 30,
        subject_token_exp: epoch(act.at) + 600,
        ...{ granted_resource: resource, granted_scope: `${resource}.read`, env: environment },
        handle_id: handle.id,
        family_id: handle.familyId,
        handle_exp: epoch(act.at) + HANDLE_SECONDS,
        ...{ max_calls: 1_000, binding: workload.binding, pattern: 'federation' },
        ...{ grant_id: grantId, grant_version: 1, grant_set_digest: 'a'.repeat(64) },
      },
    });
  }

  #issued(handle: SimulatedHandle, act: Act): void {
    const { workload, environment, resource } = handle;
    this.recorder.record('dev.postern.handle.issued.v1', {
      ...{ environment, at: act.at + 1, label: act.label, partitionKey: handle.id },
      subject: `handle/${handle.id}`,
      data: {
        ...{ handle_id: handle.id, family_id: handle.familyId, subject_id: workload.subjectId },
        ...{ resource, scope: `${resource}.read`, env: environment, max_calls: 1_000 },
        expires_at: epoch(act.at) + HANDLE_SECONDS,
        ...{ grant_id: grantOf(workload, resource), grant_version: 1 },
      },
    });
  }
}

const epoch = (ms: number): number => Math.floor(ms / SECOND_MS);

const grantOf = ({ subject }: Workload, resource: string): string =>
  `${subject.split(':').at(-1)}-reads-${resource}`;

const actorOf = ({ subjectId, subject }: Workload, client: Caller) => ({
  subject_id: subjectId,
  subject_issuer: 'https://idp.example',
  subject,
  subject_kind: 'workload' as const,
  client,
});
