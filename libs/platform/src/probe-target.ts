import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, type buildConnector, type Dispatcher, request } from 'undici';
import { urlHost } from './listen-on.js';
import { type ListenAddress } from './postern-config.js';

/** By this name the denials of probes are told from others, in events and logs. */
export const PROBER_USER_AGENT = 'postern-prober';
const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 64 * 1024;
const CORRELATION_ID = /^req_[0-9A-Za-z]{22}$/;
/** An address that stands for all of the machine is asked by way of loopback. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

export interface ProbeRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface ProbeResponse {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** Undefined when it is not one of ours: what others write stays out of events and logs. */
  readonly correlationId: string | undefined;
  /** The first 64 KiB of the body. */
  readonly text: () => Promise<string>;
}

/** Who is asked. Every request has a connection of its own; redirects are not followed. */
export class ProbeTarget {
  readonly #agent: Agent;

  private constructor(
    /** Without a trailing slash. */
    readonly origin: string,
    /** Whether others may stand between it and us, and answer in its place. */
    readonly way: 'direct' | 'by-others',
    connect: buildConnector.BuildOptions,
  ) {
    this.#agent = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS, ...connect } });
  }

  static at(origin: string): ProbeTarget {
    return new ProbeTarget(origin, 'by-others', {});
  }

  /**
   * A listener of this process. Over TLS it must present the very certificate that it was given: who else vouches for it,
   * and for what name, does not matter on the way to oneself.
   */
  static ownListener({ host, port, tls }: ListenAddress): ProbeTarget {
    const authority = `${urlHost(LOOPBACK[host] ?? host)}:${port}`;
    if (tls === undefined) return new ProbeTarget(`http://${authority}`, 'direct', {});
    const ca = new X509Certificate(readFileSync(tls.certificateFile)).toString();
    const checkServerIdentity = (): undefined => undefined;
    const pinned = { ca, allowPartialTrustChain: true, checkServerIdentity };
    return new ProbeTarget(`https://${authority}`, 'direct', pinned);
  }

  /** What `judge` makes of the answer; the rest of the body is let go of. @throws when there is no answer */
  async ask<T>(asked: ProbeRequest, judge: (response: ProbeResponse) => Promise<T>): Promise<T> {
    const { method, path, headers, body = null, signal } = asked;
    const answer = await request(`${this.origin}${path}`, {
      ...{ method, body, signal, dispatcher: this.#agent, reset: true },
      headers: { ...headers, 'user-agent': PROBER_USER_AGENT },
    });
    answer.body.on('error', ignore); // A body that is let go of ends with an error.
    try {
      return await judge(responseOf(answer));
    } finally {
      answer.body.destroy();
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

const ignore = (): void => undefined;

function responseOf({ statusCode, headers, body }: Dispatcher.ResponseData): ProbeResponse {
  const header = (name: string): string | undefined => [headers[name]].flat()[0];
  const correlationId = CORRELATION_ID.exec(header('postern-correlation-id') ?? '')?.[0];
  return { status: statusCode, header, correlationId, text: () => textOf(body) };
}

async function textOf(body: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= ANSWER_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, ANSWER_BYTES_MAX);
}
