import { Readable } from 'node:stream';
import fc from 'fast-check';
import {
  type CallDenied,
  type CallFailed,
  InjectionPipeline,
  type ProxiedResource,
  Upstream,
  type UpstreamController,
  UpstreamFailed,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from '#injection';
import { aProxiedResource, CallPathParts } from '#testing';
import { DroppedAnswer } from './dropped-answer.js';

const long = process.env['POSTERN_TEST_VOLUME'] === 'long';
const RUNS = long ? 10_000 : 200;
const TIMEOUT_MS = long ? 900_000 : 60_000;
const OF_RESOURCE = 8;
const OF_HANDLE = 3;
const HANDLES = 4;

/** The ways in which a call can end, by what its path names. */
const WAYS = [
  'answered',
  'unreachable',
  'breaks-off',
  'too-large',
  'caller-goes',
  'no-secret',
  'no-ledger',
  'spent',
  'too-long-a-body',
] as const;
type Way = (typeof WAYS)[number];

const wayOf = (path: string): Way => path.split('/').at(-1)! as Way;

/** Answers after a turn or two as the path says, and remembers how many requests there were at once. */
class EndingUpstream extends Upstream {
  #inFlight = 0;
  mostAtOnce = 0;
  readonly goers = new Set<() => void>();

  override send({ path }: UpstreamRequest, sink: UpstreamResponseSink): UpstreamController {
    this.#inFlight += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#inFlight);
    let ended = false;
    const end = (): void => {
      if (!ended) this.#inFlight -= 1;
      ended = true;
    };
    setImmediate(() => {
      if (ended) return;
      const way = wayOf(path);
      if (way === 'caller-goes') {
        for (const go of this.goers) go();
        this.goers.clear();
        return;
      }
      end();
      tell(way, sink);
    });
    return { resume: () => undefined, abort: end };
  }

  override async close(): Promise<void> {
    this.goers.clear();
  }
}

function tell(way: Way, sink: UpstreamResponseSink): void {
  if (way === 'unreachable') {
    sink.onError(new UpstreamFailed('unreachable', 'nobody is there'));
    return;
  }
  const length = way === 'too-large' ? '2000' : '4';
  sink.onHead(200, 'OK', [Buffer.from('content-length'), Buffer.from(length)]);
  if (way === 'too-large') return;
  sink.onData(Buffer.from('ab'));
  if (way === 'breaks-off') sink.onError(new UpstreamFailed('aborted', 'the connection is gone'));
  else {
    sink.onData(Buffer.from('cd'));
    sink.onEnd([]);
  }
}

/** Where the places and the budget of calls are: the pipeline as it runs, without sockets. */
class Places {
  readonly upstream = new EndingUpstream();
  readonly parts = new CallPathParts([limited('ledger'), limited('sealed')]);
  readonly pipeline = new InjectionPipeline(Object.assign(this.parts, { upstream: this.upstream }));
  readonly handles: { readonly plaintext: string; readonly id: string }[] = [];

  async open(): Promise<this> {
    await this.parts.seal();
    for (let count = 0; count < HANDLES; count += 1) {
      const { plaintext, handle } = await this.parts.issue({ maxCalls: 10_000_000 });
      this.handles.push({ plaintext, id: handle.id });
    }
    return this;
  }

  /** Gives the code of the refusal or failure; undefined for an answer. */
  async call(way: Way, plaintext: string): Promise<string | undefined> {
    const id = way === 'no-secret' ? 'sealed' : 'ledger';
    const length = way === 'too-long-a-body' ? ['content-length', '99999999'] : [];
    const incoming = Object.assign(Readable.from([]), {
      ...{ method: 'GET', url: `/proxy/${id}/accounts/${way}`, httpVersion: '1.1' },
      rawHeaders: ['Host', 'p', 'Authorization', `Bearer ${plaintext}`, ...length],
    });
    const response = new DroppedAnswer();
    response.on('error', () => undefined);
    if (way === 'caller-goes') this.upstream.goers.add(() => response.destroy());
    const context = { correlationId: 'req_x', peerAddress: '192.0.2.7' };
    return this.pipeline.call(incoming, response, context).then(
      () => undefined,
      (error: unknown) => (error as CallDenied | CallFailed).code,
    );
  }

  async plaintextFor(way: Way, handle: number): Promise<string> {
    if (way === 'no-secret') return (await this.parts.issue({ resource: 'sealed' })).plaintext;
    if (way !== 'spent') return this.handles[handle]!.plaintext;
    const { plaintext } = await this.parts.issue({ maxCalls: 1 });
    await this.call('answered', plaintext);
    return plaintext;
  }
}

function limited(id: string): ProxiedResource {
  const ref = { mount: 'secret', path: `legacy/${id}` };
  const resource = aProxiedResource({ credential: { ref } }, { id });
  return {
    ...resource,
    limits: { ...resource.limits, concurrencyMax: OF_RESOURCE, responseBytesMax: 1_000 },
    handle: { ...resource.handle, concurrencyMax: OF_HANDLE },
  };
}

const calls = fc.array(fc.record({ way: fc.constantFrom(...WAYS), handle: fc.nat(HANDLES - 1) }), {
  minLength: 1,
  maxLength: 30,
});

describe('the places of calls in flight', () => {
  let places: Places;
  beforeEach(async () => {
    places = await new Places().open();
  });

  const withLedgerAway = <T>(away: boolean, made: () => Promise<T>): Promise<T> => {
    places.parts.ledger.goAway(away);
    const promise = made();
    return promise.finally(() => places.parts.ledger.goAway(false));
  };

  it(
    'are all free again when all calls have ended, however they ended, and nothing that found none was counted',
    async () => {
      const seen = new Set<string | undefined>();
      await fc.assert(
        fc.asyncProperty(calls, async (batch) => {
          const { ledger } = places.parts;
          const away = batch.some(({ way }) => way === 'no-ledger');
          const ready = await Promise.all(
            batch.map(async ({ way, handle }) => ({
              way,
              plaintext: await places.plaintextFor(way, handle),
            })),
          );
          const counted = ledger.started.length;
          const codes = await withLedgerAway(away, () =>
            Promise.all(ready.map(({ way, plaintext }) => places.call(way, plaintext))),
          );
          for (const code of codes) seen.add(code);
          const refused = codes.filter((code) => code === 'overloaded').length;
          expect(ledger.started.length - counted).toBeLessThanOrEqual(batch.length - refused);
          expect(places.upstream.mostAtOnce).toBeLessThanOrEqual(OF_RESOURCE);
          for (const id of ['ledger', 'sealed']) expect(places.pipeline.inFlight(id)).toBe(0);
        }),
        { numRuns: RUNS },
      );
      for (const { plaintext } of places.handles) {
        const all = Array.from({ length: OF_HANDLE }, () => places.call('answered', plaintext));
        expect(await Promise.all(all)).toEqual(all.map(() => undefined));
      }
      expect([...seen].map(String).sort()).toEqual(
        [
          ...['undefined', 'overloaded', 'upstream-unreachable', 'calls-exhausted'],
          ...['request-too-large', 'response-too-large', 'credential-unavailable'],
          ...['dependency-unavailable', 'caller-gone'],
        ].sort(),
      );
    },
    TIMEOUT_MS,
  );

  it('are exactly as many as a handle has: of many calls at once the rest is refused, uncounted and unsent', async () => {
    const { plaintext, id } = places.handles[0]!;
    const used = places.parts.ledger.callsUsed(id);
    places.upstream.mostAtOnce = 0;
    const codes = await Promise.all(
      Array.from({ length: 50 }, () => places.call('answered', plaintext)),
    );
    expect(codes.filter((code) => code === undefined)).toHaveLength(OF_HANDLE);
    expect(codes.filter((code) => code === 'overloaded')).toHaveLength(50 - OF_HANDLE);
    expect(places.upstream.mostAtOnce).toBe(OF_HANDLE);
    expect(places.parts.ledger.callsUsed(id) - used).toBe(OF_HANDLE);
  });

  it('of one handle are not those of another: a resource is not taken by one', async () => {
    const [greedy, modest] = places.handles;
    const [, ...others] = await Promise.all([
      ...Array.from({ length: 20 }, () => places.call('answered', greedy!.plaintext)),
      places.call('answered', modest!.plaintext),
    ]);
    expect(others.at(-1)).toBeUndefined();
    expect(others.filter((code) => code === 'overloaded').length).toBeGreaterThan(0);
  });
});
