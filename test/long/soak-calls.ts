import { setTimeout as pause } from 'node:timers/promises';
import { mintHandle } from '#handles';
import { athOf, DpopKey } from '#testing';
import { rawCall } from '../security/raw-sockets.js';
import { handshake, SocketCaller } from '../security/websocket-path.js';
import { EVENTS, KIBIBYTE, LARGE_BYTES } from '../support/soak/legacy-answers.js';
import { until } from '../support/until.js';
import { type Answered, type Asked, type SoakClient } from './soak-client.js';
import { PLAIN, type ResourceName } from './soak-settings.js';
import { type SoakWorld } from './soak-world.js';

const ENTRY = Buffer.alloc(4 * KIBIBYTE, 'e');
const LARGE = Buffer.alloc(LARGE_BYTES, 'u');
/** A revocation is seen within it, as docs/caches.md says, and then some for a busy machine. */
const SEEN_MS = 1_300;
const SOCKET_CUT_MS_MAX = 15_000;
/** For what has no other bound: not a measure, but the end of the wait for what does not come. */
const DEADLINE_MS = 30_000;
/** One in so many plain calls has a connection of its own. */
const ALONE = 20;

type Plain = (typeof PLAIN)[number];

/** Well below the time that the proxy gives a destination to begin its answer. */
const ABANDON_MS_MAX = 2_000;

/** Every kind of call that there is in the soak. Each rejects when an answer is not as it must be. */
export class SoakCalls {
  #number = 0;

  private constructor(
    private readonly world: SoakWorld,
    private readonly client: SoakClient,
    private readonly key: DpopKey,
  ) {}

  static async for(world: SoakWorld, client: SoakClient): Promise<SoakCalls> {
    return new SoakCalls(world, client, await DpopKey.create());
  }

  async get(resource: ResourceName): Promise<void> {
    const path = this.#path(resource, 'accounts');
    const asked = this.#asked(resource);
    const isAlone = this.#number % ALONE === 0;
    const answer = await (isAlone
      ? this.client.askOnce(path, asked)
      : this.client.ask(path, asked));
    expectAnswer(answer, 200);
    expectThat(answer.body.length === KIBIBYTE, `${answer.body.length} bytes`);
  }

  async post(): Promise<void> {
    await this.#sent('POST', 'entries', ENTRY);
  }

  async upload(): Promise<void> {
    await this.#sent('PUT', 'uploads', LARGE);
  }

  async download(): Promise<void> {
    const { body } = await this.#plain('downloads', 200);
    expectThat(body.length === LARGE_BYTES, `${body.length} bytes`);
  }

  /** The destination repeats, compressed, what it was sent. */
  async echo(): Promise<void> {
    const { body } = await this.#plain('echo', 200);
    expectThat(/^you are Basic \*+, z{2000}$/.test(body.toString()), 'not scrubbed');
  }

  async events(): Promise<void> {
    const { body } = await this.#plain('events', 200);
    expectThat(body.toString().match(/data: /g)?.length === EVENTS, 'not all events');
  }

  async failing(): Promise<void> {
    const { body } = await this.#plain('failing', 500);
    expectThat(body.toString() === 'broken today', 'another body');
  }

  async broken(): Promise<void> {
    await this.#plain('broken', 502, 'upstream-failed');
  }

  async slow(): Promise<void> {
    await this.#plain('slow', 504, 'upstream-timeout');
  }

  /** The destination goes away in the middle of its answer: so must the answer. */
  async half(): Promise<void> {
    const resource = this.#either();
    const begun = await this.client.begin(this.#path(resource, 'half'), this.#asked(resource));
    expectThat(begun.statusCode === 200, `status ${begun.statusCode}`);
    const isWhole = await begun.body.arrayBuffer().then(
      () => true,
      () => false,
    );
    expectThat(!isWhole, 'an answer that was cut came as a whole one');
  }

  /** The caller goes away before there is an answer. */
  async abandon(): Promise<void> {
    const resource = this.#either();
    const abort = new AbortController();
    const beganAt = performance.now();
    const call = this.client.begin(
      this.#path(resource, 'waiting'),
      this.#asked(resource),
      abort.signal,
    );
    const ended = call.then(
      () => 'answered',
      () => 'aborted',
    );
    await pause(5 + Math.random() * 250);
    abort.abort();
    // A caller that stood still itself may come after the time limit, which is an answer too.
    const isInTime = performance.now() - beganAt < ABANDON_MS_MAX;
    expectThat(!isInTime || (await ended) === 'aborted', 'it was answered before it was aborted');
  }

  /** The caller goes away in the middle of a large answer. */
  async abandonHalf(): Promise<void> {
    const resource = this.#either();
    const path = this.#path(resource, 'downloads');
    const { body, statusCode } = await this.client.begin(path, this.#asked(resource));
    body.on('error', () => undefined);
    expectThat(statusCode === 200, `status ${statusCode}`);
    await new Promise((resolve) => body.once('data', resolve));
    body.destroy();
  }

  async denied(): Promise<void> {
    const resource = this.#either();
    const path = this.#path(resource, 'accounts');
    const by = (handle: string): Asked => ({ headers: { authorization: `Bearer ${handle}` } });
    const mine = this.#asked(resource);
    const minted = mintHandle('dev').plaintext;
    const kinds: readonly (readonly [string, Asked, number, string])[] = [
      [path, by(minted), 401, 'invalid_token'],
      [path, by(minted.slice(0, -1)), 401, 'invalid_token'],
      [path, {}, 401, 'missing-handle'],
      [path, { ...mine, method: 'DELETE' }, 403, 'insufficient_scope'],
      [path, this.#asked('digest'), 403, 'insufficient_scope'],
      [`${path}%2f..%2fadmin`, mine, 400, 'ambiguous-request'],
      [`${path}/../1`, mine, 400, 'ambiguous-request'],
    ];
    const [target, asked, status, code] = kinds[this.#number % kinds.length]!;
    expectAnswer(await this.client.ask(target, asked), status, code);
  }

  /** Bytes that are no request, and requests of which only a part comes. */
  async raw(): Promise<void> {
    const { authorization } = this.#asked('strict').headers;
    const first = `POST ${this.#path('strict', 'entries')} HTTP/1.1\r\nHost: a\r\n`;
    const head = `${first}Authorization: ${authorization}\r\n`;
    const broken = [
      `${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${head}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc`,
      `${head} folded: yes\r\n\r\n`,
      'EHLO ledger.example\r\n\r\n',
    ];
    const bytes = broken[this.#number % broken.length]!;
    const { text, closed } = await rawCall(this.#port, bytes, { deadlineMs: DEADLINE_MS });
    expectThat(closed && text.startsWith('HTTP/1.1 400 '), `answered ${text.slice(0, 40)}`);
    const part = await rawCall(this.#port, head.slice(0, 60), {
      end: true,
      deadlineMs: DEADLINE_MS,
    });
    expectThat(part.closed, 'a connection with half a request stays');
  }

  async expired(): Promise<void> {
    const resource = this.#either();
    const handle = await this.world.handles.expired(resource);
    await this.#with(handle.plaintext, resource, 401, 'invalid_token');
  }

  async revoked(): Promise<void> {
    const resource = this.#either();
    const handle = await this.world.handles.issue(resource);
    await this.#with(handle.plaintext, resource, 200);
    await this.world.handles.revoke(handle);
    await pause(SEEN_MS);
    await this.#with(handle.plaintext, resource, 401, 'invalid_token');
  }

  /** A handle that has two calls. */
  async exhausted(): Promise<void> {
    const resource = this.#either();
    const { plaintext } = await this.world.handles.issue(resource, { maxCalls: 2 });
    await this.#with(plaintext, resource, 200);
    await this.#with(plaintext, resource, 200);
    await this.#with(plaintext, resource, 403, 'calls-exhausted');
  }

  /** A handle that is bound to a key; a proof is good once. */
  async proven(): Promise<void> {
    const resource = this.#either();
    const binding = { kind: 'dpop', jkt: this.key.jkt } as const;
    const { plaintext } = await this.world.handles.issue(resource, { binding });
    const path = this.#path(resource, 'accounts');
    const htu = this.world.publicOrigin + path;
    const proof = this.key.proof({ htm: 'GET', htu, ath: athOf(plaintext) });
    const headers = { authorization: `DPoP ${plaintext}`, dpop: proof };
    expectAnswer(await this.client.ask(path, { headers }), 200);
    expectAnswer(await this.client.ask(path, { headers }), 401, 'invalid_dpop_proof');
  }

  /** A session over WebSocket, some seconds long. */
  async socket(): Promise<void> {
    const resource = this.#either();
    const caller = this.#open(resource, this.world.handles.some(resource));
    for (let sent = 1; sent <= 10; sent += 1) {
      caller.send('a message '.repeat(sent * 20));
      await until('the echo', () => caller.messages.length === sent, DEADLINE_MS);
      await pause(200);
    }
    caller.socket.end();
    await caller.closed;
  }

  /** A session that ends because its handle does. */
  async revokedSocket(): Promise<void> {
    const resource = this.#either();
    const handle = await this.world.handles.issue(resource);
    const caller = this.#open(resource, handle.plaintext);
    caller.send('hello');
    await until('the echo', () => caller.messages.length === 1, DEADLINE_MS);
    await this.world.handles.revoke(handle);
    const cut = await Promise.race([
      caller.closed.then(() => true),
      pause(SOCKET_CUT_MS_MAX, false, { ref: false }),
    ]);
    caller.socket.destroy();
    expectThat(cut, 'the session outlived its handle');
  }

  #open(resource: Plain, handle: string): SocketCaller {
    const first = `GET ${this.#path(resource, 'stream')} HTTP/1.1`;
    return SocketCaller.open(this.#port, handshake(`Bearer ${handle}`), first);
  }

  async #sent(method: 'POST' | 'PUT', kind: string, body: Buffer): Promise<void> {
    const resource = this.#either();
    const asked = { ...this.#asked(resource), method, body };
    const answer = await this.client.ask(this.#path(resource, kind), asked);
    expectAnswer(answer, 200);
    expectThat(answer.body.toString() === String(body.length), `it took ${String(answer.body)}`);
  }

  async #plain(kind: string, status: number, code?: string): Promise<Answered> {
    const resource = this.#either();
    const answer = await this.client.ask(this.#path(resource, kind), this.#asked(resource));
    expectAnswer(answer, status, code);
    return answer;
  }

  async #with(handle: string, resource: Plain, status: number, code?: string): Promise<void> {
    const headers = { authorization: `Bearer ${handle}` };
    const answer = await this.client.ask(this.#path(resource, 'accounts'), { headers });
    expectAnswer(answer, status, code);
  }

  get #port(): number {
    return Number(new URL(this.world.addresses.origin).port);
  }

  #asked(resource: ResourceName) {
    return { headers: { authorization: `Bearer ${this.world.handles.some(resource)}` } };
  }

  #either(): Plain {
    return PLAIN[this.#number % PLAIN.length]!;
  }

  #path(resource: ResourceName, kind: string): string {
    this.#number += 1;
    return `/proxy/${resource}/${kind}/${this.#number}`;
  }
}

function expectAnswer(answer: Answered, status: number, code?: string): void {
  if (answer.status === status && answer.code === code) return;
  throw new Error(`answered ${answer.status} ${answer.code ?? ''}, not ${status} ${code ?? ''}`);
}

function expectThat(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Error(otherwise);
}
