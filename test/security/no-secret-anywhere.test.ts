import { inspect } from 'node:util';
import fc from 'fast-check';
import { Canaries } from './canaries.js';
import { EchoingDestination } from './echoing-destination.js';
import { type Flow } from './secret-call.js';
import { isApart, OUTCOME_NAMES, run } from './secret-flows.js';
import { SECRET_KIND_NAMES, type SecretKindName } from './secret-kinds.js';
import { WatchedProxy } from './watched-proxy.js';

const LONG = process.env['POSTERN_TEST_VOLUME'] === 'long';
const SCRUBS = ['stream', 'stream', 'buffer', 'off'] as const;
const AUDITS = ['strict', 'buffered'] as const;
/** By default each kind meets every sixth outcome, others than its neighbours. */
const SHARE = LONG ? 1 : 6;
const SEQUENCES = LONG ? 2_500 : 6;
const SEQUENCE_CALLS_MAX = 8;
const LONG_MS = 3_600_000;

const flowsOf = (kind: SecretKindName): readonly Flow[] =>
  OUTCOME_NAMES.filter((outcome) => isApart(kind, outcome)).flatMap((outcome, index) => {
    const turn = index + SECRET_KIND_NAMES.indexOf(kind);
    if (turn % SHARE !== 0) return [];
    const scrub = SCRUBS[Math.floor(turn / SHARE) % SCRUBS.length]!;
    return [{ kind, outcome, scrub, audit: AUDITS[(turn / SHARE) % AUDITS.length]! }];
  });

const aFlow: fc.Arbitrary<Flow> = fc.record({
  kind: fc.constantFrom(...SECRET_KIND_NAMES),
  outcome: fc.constantFrom(...OUTCOME_NAMES),
  scrub: fc.constantFrom(...SCRUBS),
  audit: fc.constantFrom(...AUDITS),
});

/**
 * Secrets, handles and proofs that nobody else has, through calls of every kind and every end; then all that left is
 * searched for them. What signs a single call (HMAC, SigV4, digest responses, SOAP digests) is no secret: it is good for
 * that call.
 */
describe('no secret anywhere (G9)', () => {
  let destination: EchoingDestination;

  beforeAll(async () => {
    destination = await EchoingDestination.start();
  });
  afterAll(() => destination.stop());

  it.each(SECRET_KIND_NAMES)(
    '%s: not in what leaves, whatever becomes of a call',
    async (kind) => {
      const proxy = await WatchedProxy.start(destination);
      const plain = { kind, scrub: 'stream', audit: 'strict' } as const;
      const { status } = await run(proxy, { ...plain, outcome: 'good proof' });
      const echoed = await run(proxy, { ...plain, outcome: 'echo in the body' });
      for (const flow of flowsOf(kind)) await run(proxy, flow);
      expect(await proxy.stop()).toEqual([]);
      expect(status).toBe(200);
      expect(echoed.text).toMatch(/\*{16}/); // The destination had the secret, and told it.
    },
    LONG_MS,
  );

  it(
    'holds for calls one after another, of resources and destinations that change',
    async () => {
      const flows = fc.array(aFlow, { minLength: 1, maxLength: SEQUENCE_CALLS_MAX });
      const nothingLeaves = async (sequence: readonly Flow[]): Promise<void> => {
        const proxy = await WatchedProxy.start(destination);
        for (const flow of sequence) await run(proxy, flow);
        expect(await proxy.stop()).toEqual([]);
      };
      await fc.assert(fc.asyncProperty(flows, nothingLeaves), { numRuns: SEQUENCES });
    },
    LONG_MS,
  );
});

/** The negative twin: a leak at each place that is searched is found there. */
describe('what would be found', () => {
  const SECRET = 'canary-of-the-twin "/+&=%<\\\'é';
  let destination: EchoingDestination;
  let proxy: WatchedProxy;

  beforeAll(async () => {
    destination = await EchoingDestination.start();
  });
  afterAll(() => destination.stop());
  beforeEach(async () => {
    proxy = await WatchedProxy.start(destination);
    proxy.canaries.add('planted', 'secret', SECRET);
  });

  const leaks: Readonly<Record<string, () => unknown>> = {
    log: () => proxy.log.trace({ detail: `it was ${SECRET}` }),
    error: () => {
      const cause = Object.assign(new Error('hidden'), { answer: { body: SECRET } });
      proxy.complain('a call failed', new Error('a call failed', { cause }));
    },
    event: () => proxy.record(`it was ${SECRET}`),
    row: () => proxy.parts.issue({ grant: { id: SECRET, version: 1, digest: '', setDigest: '' } }),
    object: () => Object.defineProperty(proxy.parts.upstream, 'last', { value: { SECRET, a: 1 } }),
  };

  it.each(Object.keys(leaks))('in the place "%s"', async (place) => {
    await leaks[place]?.();
    const found = await proxy.stop();
    expect(found.map((one) => one.place.split(' ')[0])).toContain(place);
  });

  it.each(['echo in headers', 'echo in trailers', 'echo in the reason', 'echo with gzip'])(
    'in the place "answer", where nothing is scrubbed: %s',
    async (outcome) => {
      const flow = { kind: 'basic', outcome, scrub: 'off', audit: 'strict' } as const;
      await run(proxy, flow);
      const answer = proxy.left.find(({ place }) => place.startsWith('answer'))!;
      expect(proxy.canaries.in('answer', answer.content)).not.toEqual([]);
      await proxy.stop();
    },
  );
});

describe('a canary', () => {
  const SECRET = 'canary-of-the-twin "/+&=%<\\\'é';
  const canaries = new Canaries();
  canaries.add('planted', 'secret', SECRET);
  const bytes = (text: string, offset = 0): Buffer => Buffer.from(`${'x'.repeat(offset)}${text}yy`);

  it.each([
    ['as it is', SECRET],
    ['in base64', bytes(SECRET).toString('base64')],
    ['in base64 behind a byte', bytes(SECRET, 1).toString('base64')],
    ['in base64 behind two bytes', bytes(SECRET, 2).toString('base64')],
    ['in base64url', bytes(SECRET, 1).toString('base64url')],
    ['in hexadecimal', bytes(SECRET).toString('hex')],
    ['in upper-case hexadecimal', bytes(SECRET).toString('hex').toUpperCase()],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['in a form', new URLSearchParams({ a: SECRET }).toString()],
    ['in JSON', JSON.stringify({ a: SECRET })],
    ['in JSON in JSON', JSON.stringify(JSON.stringify({ a: SECRET }))],
    ['in a URL in JSON', JSON.stringify({ a: `/?a=${encodeURIComponent(SECRET)}` })],
    ['in bytes that are printed', inspect({ body: Buffer.from(SECRET) })],
  ])('is found %s', (_, text) => {
    expect(canaries.in('a text', `before ${text} after`)).not.toEqual([]);
    expect(canaries.in('a text', 'before and after')).toEqual([]);
  });
});
