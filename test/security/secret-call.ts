import { secondsAfter } from '#kernel';
import { secretKind, type SuitableCall } from './secret-kinds.js';
import {
  type Heard,
  type ResourceWanted,
  type WatchedProxy,
  type WatchedResource,
} from './watched-proxy.js';

/** One call from its handle to its end. */
export interface Flow extends Pick<ResourceWanted, 'kind' | 'scrub' | 'audit'> {
  readonly outcome: string;
}

/** What is another in a call than its kind asks for. */
export interface Calling {
  readonly path?: string;
  /** In the place of the whole target. */
  readonly placed?: (handle: string) => string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string;
  /** Without saying how long the body is. */
  readonly streamed?: true;
  readonly handle?: Parameters<WatchedProxy['parts']['issue']>[0];
  /** In the place of `Bearer <handle>`. */
  readonly authorization?: (
    handle: string,
    resource: string,
  ) => Readonly<Record<string, string | string[]>>;
}

const LIFE_SECONDS = 300;
export const PLAIN: SuitableCall = { method: 'GET', headers: {} };

export const wantedBy = ({ kind, scrub, audit }: Flow, variant = ''): ResourceWanted => ({
  kind,
  scrub,
  audit,
  variant,
});

/** Calls the resource of the flow, or another, with a handle of its own; the destination knows the secret. */
export async function call(
  proxy: WatchedProxy,
  flow: Flow,
  calling: Calling = {},
  resource?: WatchedResource,
): Promise<Heard> {
  const called = resource ?? (await proxy.resource(wantedBy(flow)));
  const { parts, canaries, destination } = proxy;
  const { plaintext } = await parts.issue({
    resource: called.id,
    scopes: ['ledger.read'],
    expiresAt: secondsAfter(parts.clock.now(), LIFE_SECONDS),
    ...calling.handle,
  });
  canaries.add('a handle', 'caller', plaintext);
  destination.secrets = called.secrets;
  destination.challenge = /^digest with (.*)$/.exec(called.kind)?.[1];
  const { path = '/accounts/42?a=1', placed } = calling;
  const target = placed?.(plaintext) ?? `/proxy/${called.id}${path}`;
  return proxy.hear(target, requestOf(flow, calling, { handle: plaintext, id: called.id }), flow);
}

function requestOf(
  { kind }: Flow,
  calling: Calling,
  { handle, id }: { readonly handle: string; readonly id: string },
): Parameters<WatchedProxy['hear']>[1] {
  const suitable = secretKind(kind).call ?? PLAIN;
  const { method = suitable.method, body = suitable.body, authorization } = calling;
  const presented = authorization?.(handle, id) ?? { authorization: `Bearer ${handle}` };
  const headers = { ...suitable.headers, ...presented, ...calling.headers };
  if (body === undefined) return { method, headers };
  const length = { 'content-length': String(Buffer.byteLength(body)) };
  return { method, body, headers: calling.streamed ? headers : { ...headers, ...length } };
}
