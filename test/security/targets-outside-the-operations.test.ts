import { Readable } from 'node:stream';
import fc from 'fast-check';
import {
  type CallDenied,
  InjectionPipeline,
  Upstream,
  type UpstreamController,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from '#injection';
import { type ResourceRegistration } from '#policy';
import { aProxiedResource, CallPathParts } from '#testing';
import { CallPath } from './call-path.js';
import {
  type HostileRequest,
  hostileRequest,
  hostileWithExceptions,
  OVERRIDES,
} from './hostile-targets.js';
import {
  decodedByBytes,
  decodedByTheWorst,
  decodedByUrl,
  isInside,
  OPERATIONS,
} from './independent-decoders.js';
import { RawBackend, rawCall } from './raw-sockets.js';
import { type StrictMessage, valuesOf } from './strict-http.js';
import { DroppedAnswer } from './dropped-answer.js';

const long = process.env['POSTERN_TEST_VOLUME'] === 'long';
const IN_MEMORY = long ? 100_000 : 3_000;
const OVER_SOCKETS = long ? 2_000 : 300;
const AT_ONCE = 20;
const TIMEOUT_MS = long ? 900_000 : 180_000;
const PREFIX = '/proxy/ledger';
const BASE = '/api';
const REFUSALS: ReadonlySet<string> = new Set(['ambiguous-request', 'insufficient_scope']);
const refusedNames = new Set(OVERRIDES.map(([name]) => name.toLowerCase().replaceAll('_', '-')));

const ALL_EXCEPTIONS: ResourceRegistration['allow'] = {
  'encoded-slash': 'names hold slashes',
  'path-parameter': 'sessions are named in paths',
};

/** The path that a backend got for a target that was sent, below the base path: as it was sent, and of one reading. */
function judgedPath(sent: string, received: string): string {
  const [path = '', ...query] = received.split('?');
  const [sentPath = '', ...sentQuery] = sent.split('?');
  expect([path, query.join('?')]).toEqual([
    `${BASE}${sentPath.slice(PREFIX.length)}`,
    sentQuery.join('?'),
  ]);
  const judged = path.slice(BASE.length);
  expect(decodedByUrl(judged)).toEqual(decodedByBytes(judged));
  expect(new URL(`http://backend.example${received}`).pathname).toBe(path);
  return judged;
}

/** Everything that must hold of a request that a backend got for a target that was sent. */
function assertInside(method: string, sent: string, received: string): void {
  const judged = judgedPath(sent, received);
  expect(isInside(method, decodedByBytes(judged))).toBe(true);
  expect(isInside(method, decodedByTheWorst(judged))).toBe(true);
}

/**
 * The same where a resource takes escaped slashes and parameters. Who reads a slash as a separator all the same sees the
 * same names in the same order, with no step up; who drops parameters is inside still.
 */
function assertInsideWithExceptions(method: string, sent: string, received: string): void {
  const judged = judgedPath(sent, received);
  const segments = decodedByBytes(judged);
  const names = segments.map((segment) => segment.replace(/;[^]*/, ''));
  expect(isInside(method, segments)).toBe(true);
  expect(isInside(method, names)).toBe(true);
  const pieces = segments.flatMap((segment) => segment.split('/'));
  const kept = pieces.map((piece) => piece.replace(/;[^]*/, '').normalize('NFKC'));
  expect(decodedByTheWorst(judged)).toEqual(kept.filter((piece) => piece !== ''));
}

/** A destination in memory: it remembers the last request, and answers 204. */
class RecordingUpstream extends Upstream {
  last: UpstreamRequest | undefined;

  override send(request: UpstreamRequest, sink: UpstreamResponseSink): UpstreamController {
    this.last = request;
    queueMicrotask(() => {
      sink.onHead(204, 'No Content', []);
      sink.onEnd([]);
    });
    return { resume: () => undefined, abort: () => undefined };
  }

  override async close(): Promise<void> {
    this.last = undefined;
  }
}

/** The pipeline as it runs in the proxy, without the sockets at its two ends. */
class PipelineInMemory {
  readonly upstream = new RecordingUpstream();
  readonly parts: CallPathParts;
  readonly pipeline: InjectionPipeline;
  #handle = '';

  constructor(allow: ResourceRegistration['allow'] = {}) {
    const destination = `http://127.0.0.1:9${BASE}`;
    const resource = aProxiedResource({ destination }, { scopes: OPERATIONS, allow });
    this.parts = new CallPathParts([resource]);
    this.pipeline = new InjectionPipeline(Object.assign(this.parts, { upstream: this.upstream }));
  }

  async open(): Promise<this> {
    await this.parts.seal();
    this.#handle = (await this.parts.issue({ maxCalls: IN_MEMORY })).plaintext;
    return this;
  }

  /** The code of the refusal, or `forwarded`. */
  async outcomeOf({ method, target, override }: HostileRequest): Promise<string> {
    this.upstream.last = undefined;
    const rawHeaders = ['Host', 'p', 'Authorization', `Bearer ${this.#handle}`, ...override];
    const incoming = Object.assign(Readable.from([]), {
      ...{ method, url: target, rawHeaders, httpVersion: '1.1' },
    });
    const context = { correlationId: 'req_x', peerAddress: '192.0.2.7' };
    return this.pipeline.call(incoming, new DroppedAnswer(), context).then(
      () => 'forwarded',
      (error: unknown) => (error as CallDenied).code,
    );
  }

  /** How many denials the events stand for. */
  async denials(): Promise<number> {
    await this.pipeline.close();
    return denialsIn(this.parts);
  }
}

/** Sends them all, and judges each that was forwarded. Gives how often each outcome was seen. */
async function outcomes(
  memory: PipelineInMemory,
  requests: fc.Arbitrary<HostileRequest>,
  assertForwarded: typeof assertInside,
): Promise<(outcome: string) => number> {
  const seen = new Map<string, number>();
  const property = fc.asyncProperty(requests, async (request) => {
    const outcome = await memory.outcomeOf(request);
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    if (outcome !== 'forwarded') {
      expect([...REFUSALS]).toContain(outcome);
      expect(memory.upstream.last).toBeUndefined();
      return;
    }
    const { method, path, headers } = memory.upstream.last!;
    expect(method).toBe(request.method);
    assertForwarded(method, request.target, path);
    expect(headers.filter((name) => refusedNames.has(name.toLowerCase()))).toEqual([]);
  });
  await fc.assert(property, { numRuns: IN_MEMORY });
  return (outcome) => seen.get(outcome) ?? 0;
}

const denialsIn = ({ journal }: CallPathParts): number =>
  journal.of('dev.postern.call.denied.v1').reduce((sum, { count = 1 }) => sum + count, 0);

describe('a request target by any trick', () => {
  it(
    'reaches the backend inside the operations and as it was judged, by every decoder, or is refused with an event',
    async () => {
      const memory = await new PipelineInMemory().open();
      const seen = await outcomes(memory, hostileRequest, assertInside);
      expect(seen('forwarded')).toBeGreaterThan(IN_MEMORY / 50);
      expect(seen('insufficient_scope')).toBeGreaterThan(IN_MEMORY / 50);
      expect(seen('ambiguous-request')).toBeGreaterThan(IN_MEMORY / 5);
      expect(await memory.denials()).toBe(IN_MEMORY - seen('forwarded'));
    },
    TIMEOUT_MS,
  );

  it(
    'does so too where the resource takes escaped slashes and parameters: a slash never ends a segment, nothing steps up',
    async () => {
      const memory = await new PipelineInMemory(ALL_EXCEPTIONS).open();
      let excepted = 0;
      const seen = await outcomes(memory, hostileWithExceptions, (method, sent, received) => {
        assertInsideWithExceptions(method, sent, received);
        if (/%2f|;/i.test(received.split('?')[0]!)) excepted += 1;
      });
      expect(excepted).toBeGreaterThan(IN_MEMORY / 50);
      expect(seen('insufficient_scope')).toBeGreaterThan(IN_MEMORY / 50);
      expect(seen('ambiguous-request')).toBeGreaterThan(IN_MEMORY / 10);
      expect(await memory.denials()).toBe(IN_MEMORY - seen('forwarded'));
    },
    TIMEOUT_MS,
  );
});

/** What stands where the parser looks for the target. */
const tokenOf = (target: string): string => target.trimStart().split(/[ \t\r\n]/)[0] ?? '';

describe('a request target by any trick, over a socket', () => {
  let backend: RawBackend;
  let path: CallPath;
  beforeAll(async () => {
    backend = await RawBackend.start();
    path = await CallPath.start({
      registration: { destination: `${backend.origin}${BASE}` },
      policy: { scopes: OPERATIONS },
    });
  });
  afterAll(() => backend.stop());

  const caseOf = (request: StrictMessage): number => Number(valuesOf(request, 'x-case')[0]);

  it(
    'reaches the backend inside the operations and byte for byte, or is refused',
    async () => {
      const { plaintext } = await path.parts.issue({ maxCalls: OVER_SOCKETS * 2 });
      const requests = fc.sample(hostileRequest, OVER_SOCKETS);
      const sent = ({ method, target, override }: HostileRequest, index: number): string =>
        `${method} ${target} HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer ${plaintext}\r\n` +
        `X-Case: ${index}\r\n${override.join(': ')}\r\nConnection: close\r\n\r\n`;
      const answers: string[] = [];
      for (let from = 0; from < requests.length; from += AT_ONCE) {
        const batch = requests.slice(from, from + AT_ONCE);
        const given = await Promise.all(
          batch.map((request, index) => rawCall(path.port, sent(request, from + index))),
        );
        for (const { closed, text } of given) {
          expect(closed).toBe(true);
          answers.push(text);
        }
      }
      const ofUs = answers.reduce(
        (sum, text) => sum + (text.match(/^postern-error: /gm) ?? []).length,
        0,
      );
      await path.stop();

      expect(backend.faults).toEqual([]);
      expect(backend.requests.length).toBeGreaterThan(OVER_SOCKETS / 100);
      for (const request of backend.requests) {
        const [method = '', received = ''] = request.start.split(' ');
        const { target } = requests[caseOf(request)]!;
        assertInside(method, tokenOf(target), received);
        expect(request.headers.filter(([name]) => refusedNames.has(name.toLowerCase()))).toEqual(
          [],
        );
      }
      answers.forEach((text, index) => {
        const { target } = requests[index]!;
        const statuses = tokenOf(target).startsWith('/proxy/') ? '200|400|403' : '400|404';
        expect(text).toMatch(new RegExp(`^HTTP/1\\.1 (?:${statuses}|401|431) `));
      });
      // More where a line end in the target made a second request, whose refusal the connection did not outlive.
      expect(ofUs).toBeGreaterThan(0);
      expect(denialsIn(path.parts)).toBeGreaterThanOrEqual(ofUs);
    },
    TIMEOUT_MS,
  );
});
