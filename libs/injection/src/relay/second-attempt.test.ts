import { type UpstreamController, UpstreamFailed, type UpstreamResponseSink } from '../upstream.js';
import { SecondAttempt } from './second-attempt.js';

type Again = (sink: UpstreamResponseSink) => UpstreamController;

describe('a request that may have to be sent twice', () => {
  let told: unknown[];
  let done: string[];
  let decide: (send: Again | undefined) => void;
  let refuse: (error: Error) => void;
  let attempt: SecondAttempt;
  let takes: boolean;

  const failed = new UpstreamFailed('aborted', 'cut');
  const sink: UpstreamResponseSink = {
    onHead: (status) => void told.push(status),
    onData: (chunk) => {
      told.push(chunk.toString());
      return takes;
    },
    onEnd: () => void told.push('end'),
    onError: ({ condition }) => void told.push(condition),
  };
  const controller = (name: string): UpstreamController => ({
    resume: () => void done.push(`resume ${name}`),
    abort: () => void done.push(`abort ${name}`),
  });
  const again: Again = (second) => {
    done.push('again');
    second.onHead(200, '', []);
    return controller('second');
  };
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  beforeEach(() => {
    told = [];
    done = [];
    takes = true;
    const decision = new Promise<Again | undefined>((resolve, reject) => {
      decide = resolve;
      refuse = reject;
    });
    attempt = new SecondAttempt({ sink, again: () => decision }).begin(() => controller('first'));
    attempt.onHead(401, '', []);
  });

  it('holds the first answer until it is known whether it counts, and asks for a pause', async () => {
    expect(attempt.onData(Buffer.from('a'))).toBe(false);
    expect(told).toEqual([]);
    decide(undefined);
    await settled();
    expect([told, done]).toEqual([[401, 'a'], ['resume first']]);
    expect(attempt.onData(Buffer.from('b'))).toBe(true);
    attempt.onEnd([]);
    expect(told).toEqual([401, 'a', 'b', 'end']);
  });

  it('goes on only when the sink takes more', async () => {
    takes = false;
    attempt.onData(Buffer.from('a'));
    decide(undefined);
    await settled();
    expect(done).toEqual([]);
  });

  it('passes the first answer on when what decides fails', async () => {
    attempt.onEnd([]);
    refuse(new Error('no other session'));
    await settled();
    expect(told).toEqual([401, 'end']);
  });

  it('passes on that the first answer was cut while it was held', async () => {
    attempt.onError(failed);
    decide(undefined);
    await settled();
    expect(told).toEqual([401, 'aborted']);
  });

  it.each<readonly [string, () => void]>([
    ['ended', () => attempt.onEnd([])],
    ['was cut', () => attempt.onError(failed)],
  ])('is sent again at once when the first answer %s meanwhile', async (_, end) => {
    attempt.onData(Buffer.from('a'));
    end();
    decide(again);
    await settled();
    expect([told, done]).toEqual([[200], ['again']]);
  });

  it('is sent again when the first answer was read to its end', async () => {
    attempt.onData(Buffer.from('a'));
    decide(again);
    await settled();
    expect(done).toEqual(['resume first']);
    expect(attempt.onData(Buffer.from('b'))).toBe(true);
    attempt.onEnd([]);
    expect([told, done]).toEqual([[200], ['resume first', 'again']]);
  });

  it('is not sent again for a caller that has gone', async () => {
    attempt.onEnd([]);
    attempt.abort(new Error('the caller went away'));
    decide(again);
    await settled();
    expect([told, done]).toEqual([[], ['abort first']]);
  });
});
