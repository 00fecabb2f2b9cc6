import { CallPath, type CallPathOptions } from './call-path.js';
import { RawBackend, type RawAnswer, rawCall, type RawCallOptions } from './raw-sockets.js';
import { readAll } from './strict-http.js';

/** Stands for the handle in bytes that are written down before there is one. */
const HANDLE = 'THE-HANDLE';

export const GET = 'GET /proxy/ledger/accounts/42 HTTP/1.1\r\n';
export const POST = 'POST /proxy/ledger/entries HTTP/1.1\r\n';
export const CHUNKED = 'Transfer-Encoding: chunked\r\n';
/** Would be answered by the backend if anybody took it for a request. */
export const HIDDEN = `GET /proxy/ledger/accounts/hidden HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer ${HANDLE}\r\n\r\n`;

export const head = (line: string, fields: string, host = 'Host: p\r\n'): string =>
  `${line}${host}Authorization: Bearer ${HANDLE}\r\n${fields}\r\n`;

export const answersIn = (text: string): ReturnType<typeof readAll> =>
  readAll(text, (start) => (/^HTTP\/1\.1 (?:1|204|304)/.test(start) ? 'no-body' : 'response'));

/** A proxy between raw bytes and a backend that reads strictly and answers with the path that it was asked for. */
export class SmugglingRig {
  private constructor(
    readonly backend: RawBackend,
    readonly path: CallPath,
    private readonly handle: string,
  ) {}

  static async start(registration: CallPathOptions['registration'] = {}): Promise<SmugglingRig> {
    const backend = await RawBackend.start();
    const path = await CallPath.start({
      registration: { destination: `${backend.origin}/api`, ...registration },
      policy: {
        scopes: { 'ledger.read': ['GET /accounts/{id}'], 'ledger.post': ['POST /entries'] },
      },
    });
    const { plaintext } = await path.parts.issue({ maxCalls: 1_000_000 });
    const rig = new SmugglingRig(backend, path, plaintext);
    rig.forget();
    return rig;
  }

  async stop(): Promise<void> {
    await this.path.stop();
    await this.backend.stop();
  }

  forget(): void {
    this.backend.forget();
    this.backend.script = ({ start }) => {
      const body = start.split(' ')[1] ?? '';
      return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    };
  }

  send(bytes: string, options?: RawCallOptions): Promise<RawAnswer> {
    return rawCall(this.path.port, bytes.replaceAll(HANDLE, this.handle), options);
  }

  /** One answer of 4xx, the connection closed, and no request at the backend: neither this nor one hidden behind it. */
  async assertRefused(bytes: string): Promise<void> {
    const { text, closed } = await this.send(bytes + HIDDEN);
    const { messages, rest } = answersIn(text);
    expect(messages.map(({ start }) => start)).toEqual([expect.stringMatching(/^HTTP\/1\.1 4/)]);
    expect([rest, closed]).toEqual(['', true]);
    expect([this.backend.requests, this.backend.faults]).toEqual([[], []]);
    expect(this.backend.bytes).not.toContain('hidden');
  }

  /** The next call gets its own answer: no connection to the backend holds anything of the one before. */
  async assertClean(): Promise<void> {
    this.forget();
    const answer = await this.path.call('/proxy/ledger/accounts/after');
    expect([answer.status, answer.body]).toEqual([200, '/api/accounts/after']);
    expect(this.backend.requests.at(-1)?.start).toBe('GET /api/accounts/after HTTP/1.1');
    expect(this.backend.faults).toEqual([]);
  }
}
