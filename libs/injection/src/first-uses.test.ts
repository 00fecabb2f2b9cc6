import { Readable } from 'node:stream';
import { addressMark, type Handle, mintHandle } from '#handles';
import {
  type FirstUse,
  InjectionPipeline,
  Upstream,
  type UpstreamController,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from '#injection';
import { aHandle, aHandleIssue, aProxiedResource, CallPathParts } from '#testing';
import { DroppedAnswer } from '../../../test/security/dropped-answer.js';

const HOME = '192.0.2.7';

class AnsweringUpstream extends Upstream {
  override send(_: UpstreamRequest, sink: UpstreamResponseSink): UpstreamController {
    setImmediate(() => {
      sink.onHead(200, 'OK', []);
      sink.onEnd([]);
    });
    return { resume: () => undefined, abort: () => undefined };
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}

class FirstUsesUnderTest {
  readonly parts: CallPathParts;
  readonly pipeline: InjectionPipeline;

  constructor(audit: 'strict' | 'buffered' = 'strict') {
    const resource = aProxiedResource();
    this.parts = new CallPathParts([{ ...resource, audit }]);
    this.pipeline = new InjectionPipeline(
      Object.assign(this.parts, { upstream: new AnsweringUpstream() }),
    );
  }

  /** A handle that was given to HOME, unless it says otherwise. */
  async issue(overrides: Partial<Handle> = {}): Promise<{ plaintext: string; handle: Handle }> {
    await this.parts.seal();
    const { plaintext, digest, id } = mintHandle(this.parts.environment);
    const { environment, clock } = this.parts;
    const handle = aHandle({
      ...{ id, digest, environment, issuedAt: clock.now() },
      expiresAt: new Date(clock.now().getTime() + 300_000),
      addressMark: addressMark(plaintext, HOME),
      ...overrides,
    });
    await this.parts.handles.issue(aHandleIssue(handle));
    this.parts.ledger.put(handle);
    return { plaintext, handle };
  }

  /** Gives the code of the refusal; undefined for an answer. */
  async call(
    plaintext: string,
    { from = HOME, path = 'accounts/1', correlationId = 'req_1' } = {},
  ): Promise<string | undefined> {
    const incoming = Object.assign(Readable.from([]), {
      ...{ method: 'GET', url: `/proxy/ledger/${path}`, httpVersion: '1.1' },
      rawHeaders: ['Host', 'p', 'Authorization', `Bearer ${plaintext}`],
    });
    const context = { correlationId, peerAddress: from };
    return this.pipeline.call(incoming, new DroppedAnswer(), context).then(
      () => undefined,
      (error: unknown) => (error as { code: string }).code,
    );
  }

  get told(): readonly FirstUse[] {
    return this.parts.ledger.firstUses;
  }

  get sameClient(): readonly (boolean | undefined)[] {
    return this.told.map(({ data }) => data.same_client);
  }
}

describe.each(['strict', 'buffered'] as const)('first uses, with audit: %s', (audit) => {
  let under: FirstUsesUnderTest;
  beforeEach(() => {
    under = new FirstUsesUnderTest(audit);
  });

  it('are told of with what is known of handle and call', async () => {
    const { plaintext, handle } = await under.issue();
    under.parts.clock.advance(2.5);
    const calledAt = under.parts.clock.now();
    expect(await under.call(plaintext, { correlationId: 'req_first' })).toBeUndefined();
    expect(under.told).toMatchObject([
      {
        type: 'dev.postern.handle.first_used.v1',
        subject: `handle/${handle.id}`,
        partitionkey: handle.id,
        correlationid: 'req_first',
        time: calledAt.toISOString(),
        severitytext: 'INFO',
      },
    ]);
    expect(under.told[0]!.data).toEqual({
      handle_id: handle.id,
      family_id: handle.familyId,
      issued_at: Math.floor(handle.issuedAt.getTime() / 1_000),
      delay_ms: 2_500,
      same_client: true,
    });
  });

  it('are those of the first calls alone', async () => {
    const [one, two] = [await under.issue(), await under.issue()];
    for (let round = 0; round < 3; round += 1) {
      await Promise.all([one, two].map(({ plaintext }) => under.call(plaintext)));
      under.parts.clock.advance(1);
    }
    expect(under.told.map(({ data }) => data.handle_id).sort()).toEqual(
      [one.handle.id, two.handle.id].sort(),
    );
  });

  it('tell an address that the handle was not given to', async () => {
    const [one, two] = [await under.issue(), await under.issue()];
    await under.call(one.plaintext, { from: '198.51.100.1' });
    await under.call(two.plaintext);
    expect(under.sameClient).toEqual([false, true]);
  });

  it('say nothing of the address where that of the exchange, or of the call, is not known', async () => {
    const [one, two] = [await under.issue({ addressMark: undefined }), await under.issue()];
    await under.call(one.plaintext);
    await under.call(two.plaintext, { from: '' });
    expect(under.told.map(({ data }) => 'same_client' in data)).toEqual([false, false]);
  });

  it('are no calls that are refused', async () => {
    const { plaintext } = await under.issue();
    expect(await under.call(plaintext, { path: 'users' })).toBe('insufficient_scope');
    expect(under.told).toEqual([]);
    expect(await under.call(plaintext, { correlationId: 'req_good' })).toBeUndefined();
    expect(under.told.map(({ correlationid }) => correlationid)).toEqual(['req_good']);
  });

  it('are told of again by the next call when the ledger could not be asked', async () => {
    const { plaintext } = await under.issue();
    under.parts.ledger.goAway();
    expect(await under.call(plaintext)).toBe('dependency-unavailable');
    under.parts.ledger.goAway(false);
    expect(await under.call(plaintext)).toBeUndefined();
    expect(under.told).toHaveLength(1);
  });

  it('never come before the handle, when clocks differ', async () => {
    const { plaintext, handle } = await under.issue();
    under.parts.clock.advance(-2);
    await under.call(plaintext);
    expect(under.told[0]!.data).toMatchObject({ delay_ms: 0 });
    expect(under.told[0]!.data.issued_at).toBe(Math.floor(handle.issuedAt.getTime() / 1_000));
  });
});

describe('calls of a handle that is known to be used', () => {
  it('carry no event: because the look-up says so, or because this process told it', async () => {
    const under = new FirstUsesUnderTest();
    const [used, fresh] = [await under.issue({ firstUseTold: true }), await under.issue()];
    await under.call(used.plaintext);
    await under.call(fresh.plaintext);
    await under.call(fresh.plaintext);
    expect(under.parts.ledger.started.map(({ firstUse }) => firstUse !== undefined)).toEqual([
      false,
      true,
      false,
    ]);
  });
});
