import { type Duplex, type Readable } from 'node:stream';
import { PosternError } from '#kernel';
import { type TlsIdentity } from './injectors/injector.js';
import { type ProxiedResource } from './proxied-resource.js';

/** What a call switches to; absent: it stays HTTP. */
export type SwitchedProtocol = 'websocket';

/** The request that is written to the destination, final in every byte. */
export interface UpstreamRequest {
  readonly resource: ProxiedResource;
  readonly credentialVersion: number;
  /** What the connection proves; it is used for requests of the same resource, version and identity only. */
  readonly tlsIdentity?: TlsIdentity | undefined;
  readonly method: string;
  /** The destination is asked to switch to it: then there is no body, and `onUpgrade` where it does. */
  readonly protocol?: SwitchedProtocol | undefined;
  /** Base path, judged path and query. */
  readonly path: string;
  /** Name, value, name, value ... in the order in which they are written. */
  readonly headers: readonly string[];
  readonly body: Readable | Buffer | undefined;
}

/**
 * Takes the response while it arrives; interim responses (1xx) are left out. After `onEnd`, `onError` or an abort by the
 * caller nothing more is called. None of these throws.
 */
export interface UpstreamResponseSink {
  /** Raw names and values in the order received; of the reason phrase one character is one byte. */
  onHead(status: number, statusText: string, rawHeaders: readonly Buffer[]): void;
  /** In place of all others: the destination switched, and this is its connection, which the sink ends. Needed with `protocol`. */
  onUpgrade?(rawHeaders: readonly Buffer[], destination: Duplex): void;
  /** Returns false to pause; `resume` of the controller goes on. */
  onData(chunk: Buffer): boolean;
  onEnd(rawTrailers: readonly Buffer[]): void;
  onError(error: UpstreamFailed): void;
}

export interface UpstreamController {
  resume(): void;
  /** Ends the request; the connection is not used again. Without effect once the response has ended. */
  abort(reason: Error): void;
}

/** The destination gave no (whole) response. The message names host and cause, no header and no secret. */
export class UpstreamFailed extends PosternError {
  override readonly code = 'upstream-failed';

  constructor(
    readonly condition: 'unreachable' | 'timeout' | 'aborted' | 'refused-address' | 'protocol',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Sends one request to its resource's destination and streams both bodies with back-pressure. Never follows a
 * redirect, never retries, never decodes. Asserts that the connection's origin is the registered one before writing.
 */
export abstract class Upstream {
  /**
   * Calls the sink at the earliest after it returned. Connect, headers, idle and total time are limited by the limits of
   * the resource. A body that fails ends the request with `aborted`.
   */
  abstract send(request: UpstreamRequest, sink: UpstreamResponseSink): UpstreamController;

  /** Lets requests in flight finish within `deadlineMs`, then cuts them. */
  abstract close(deadlineMs: number): Promise<void>;
}
