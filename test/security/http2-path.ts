import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestCertificate } from '#testing';
import { CallPath, type CallPathOptions } from './call-path.js';

/** What a caller of HTTP/2 got; a stream that was reset has its code. */
export interface Http2Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders | undefined;
  readonly body: string;
  /** 0: the stream ended in order. */
  readonly resetWith: number;
  readonly continued: boolean;
}

/** A certificate for 127.0.0.1 and its key in files. */
export class ListenerFiles {
  readonly #folder = mkdtempSync(join(tmpdir(), 'postern-http2-'));
  readonly tls = {
    certificateFile: join(this.#folder, 'server.pem'),
    keyFile: join(this.#folder, 'server.key'),
    clientCertificates: 'request',
  } as const;

  static async create(): Promise<ListenerFiles> {
    const files = new ListenerFiles();
    await files.renew();
    return files;
  }

  async renew(): Promise<TestCertificate> {
    const certificate = await TestCertificate.selfSigned();
    writeFileSync(this.tls.certificateFile, certificate.pem);
    writeFileSync(this.tls.keyFile, certificate.keyPem, { mode: 0o600 });
    return certificate;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** A connection of HTTP/2 to a listener on loopback, whatever its certificate. */
export async function http2Session(
  port: number,
  options: SecureClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, ...options });
  session.on('error', () => undefined);
  await once(session, 'connect');
  return session;
}

/** Resolves when the stream has ended, however it did. */
export async function http2Answer(stream: ClientHttp2Stream): Promise<Http2Answer> {
  let headers: IncomingHttpHeaders & IncomingHttpStatusHeader = {};
  let trailers: IncomingHttpHeaders | undefined;
  let continued = false;
  let body = '';
  stream.setEncoding('latin1').on('data', (text: string) => (body += text));
  stream.on('response', (received) => (headers = received));
  stream.on('trailers', (received: IncomingHttpHeaders) => (trailers = received));
  stream.on('continue', () => (continued = true)).on('error', () => undefined);
  await new Promise<void>((resolve) => {
    stream.once('close', resolve);
  });
  const { ':status': status = 0 } = headers;
  return { status, headers, trailers, body, resetWith: stream.rstCode, continued };
}

/** A proxy with TLS as it runs, in front of a real backend, and a caller of HTTP/2. */
export class Http2Path {
  private constructor(
    readonly path: CallPath,
    readonly files: ListenerFiles,
    readonly session: ClientHttp2Session,
  ) {}

  static async start(options: CallPathOptions = {}): Promise<Http2Path> {
    const files = await ListenerFiles.create();
    const path = await CallPath.start({ tls: files.tls, ...options });
    return new Http2Path(path, files, await http2Session(path.port));
  }

  /** Begins a call with a fresh handle. */
  async open(
    method: string,
    target: string,
    headers: OutgoingHttpHeaders = {},
    options: { readonly endStream?: boolean; readonly scopes?: readonly string[] } = {},
  ): Promise<ClientHttp2Stream> {
    const { endStream = true, scopes = ['ledger.read', 'ledger.post'] } = options;
    const { plaintext } = await this.path.parts.issue({ scopes });
    const own = { ':method': method, ':path': target, authorization: `Bearer ${plaintext}` };
    return this.session.request({ ...own, ...headers }, { endStream });
  }

  /** A whole call. */
  async call(
    method: string,
    target: string,
    { headers = {}, body }: { headers?: OutgoingHttpHeaders; body?: string | Buffer } = {},
  ): Promise<Http2Answer> {
    const stream = await this.open(method, target, headers, { endStream: body === undefined });
    if (body !== undefined) stream.end(body);
    return http2Answer(stream);
  }

  get outcomes(): string[] {
    return this.path.parts.ledger.completed.map(({ data }) => data.outcome);
  }

  /** What operators are told of what was refused. */
  get denials(): string[] {
    return this.path.parts.journal.events
      .filter(({ type }) => type === 'dev.postern.call.denied.v1')
      .map(({ data }) => (data as { detail: string }).detail);
  }

  async stop(): Promise<void> {
    this.session.destroy();
    await this.path.stop();
    this.files.remove();
  }
}
