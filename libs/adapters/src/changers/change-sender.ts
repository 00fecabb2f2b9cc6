import {
  type Injection,
  type ProxiedResource,
  type TokenSource,
  TrialCall,
  type Upstream,
} from '#injection';
import { type Clock } from '#kernel';
import { ChangeRefused, type SecretFields, TargetUnreachable } from '#rotation';
import { DestinationUpstream, HttpTokenSource } from '../http/index.js';
import { type RenderedChange } from './change-template.js';
import { assertInTime, TOTAL_MS_MAX } from './within-limit.js';

/** A call that changes a value, with what proves who makes it. */
export interface OutgoingChange extends RenderedChange {
  /** `injected`: a value of the resource, put on as its calls have it. `basic`: fields `username` and `password`. */
  readonly as: 'injected' | 'basic';
  readonly fields: SecretFields;
}

/**
 * Sends it to the destination of the resource, and follows no redirect. Throws TargetUnreachable when there is no answer,
 * and ChangeRefused when the value cannot be put on a call, or opens no session.
 */
export type SendChange = (
  change: OutgoingChange,
  signal: AbortSignal,
) => Promise<{ readonly status: number }>;

export interface ChangeSenderParts {
  readonly resource: ProxiedResource;
  readonly clock: Clock;
  /** Makes what one change is sent by, which is closed after it. Default: as calls go. */
  readonly openUpstream?: () => Upstream;
  readonly tokens?: TokenSource;
}

const BASIC: Injection = { kind: 'basic', username: 'username', password: 'password' };

/** Changes by calls to the destination that the resource has for all calls, with its guards and its TLS. */
export function changeSender(parts: ChangeSenderParts): SendChange {
  const { resource, clock, openUpstream = () => new DestinationUpstream() } = parts;
  const tokens = parts.tokens ?? new HttpTokenSource();
  return async ({ as, fields, method, path, contentType, body }, signal) => {
    assertInTime(signal);
    const upstream = openUpstream();
    const trial = new TrialCall(
      {
        resource: as === 'basic' ? { ...resource, injection: BASIC } : resource,
        fields,
        endBy: new Date(clock.now().getTime() + TOTAL_MS_MAX),
      },
      { clock, upstream, tokens },
    );
    signal.addEventListener('abort', () => void upstream.close(0), { once: true });
    const headers = ['content-type', contentType];
    try {
      const answer = await trial.send({ method, path, body: { headers, bytes: body } });
      if (answer.kind === 'answered') return { status: answer.status };
      if (answer.kind === 'refused') throw new ChangeRefused('http_login', answer.what);
      throw new TargetUnreachable(`${resource.destination.origin}: ${answer.what}`);
    } finally {
      void trial.end().finally(() => upstream.close(0));
    }
  };
}
