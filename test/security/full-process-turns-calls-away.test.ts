import { type ServerResponse } from 'node:http';
import { until } from '../support/until.js';
import { type Answer, CallPath } from './call-path.js';

const CALLS_MAX = 5;
const TARGET = '/proxy/ledger/accounts/42';

/** Whatever calls wait for, there are no more of them than the process has memory for. */
describe('a process with as many calls in flight as it takes', () => {
  let path: CallPath;
  const held: ServerResponse[] = [];
  let waiting: Promise<Answer>[] = [];

  beforeEach(async () => {
    path = await CallPath.start({
      callsInFlightMax: CALLS_MAX,
      respond: (_, response) => held.push(response),
    });
    waiting = Array.from({ length: CALLS_MAX }, () => path.call(TARGET));
    await until('the calls are in flight', () => held.length === CALLS_MAX);
  });
  afterEach(() => path.stop());

  async function release(): Promise<void> {
    for (const response of held.splice(0)) response.end('late');
    await Promise.all(waiting);
  }

  it('turns the next one away: 503 with Retry-After, unread and uncounted, and its event follows', async () => {
    const answer = await path.call(TARGET);
    expect([answer.status, answer.headers['postern-error']]).toEqual([503, 'overloaded']);
    expect(answer.headers['retry-after']).toBe('1');
    expect(path.parts.ledger.started).toHaveLength(CALLS_MAX);
    expect(held).toHaveLength(CALLS_MAX);
    const [event] = path.parts.journal.of('dev.postern.call.denied.v1');
    expect(event!.reason).toBe('overloaded');
    expect(event!.detail).toMatch(/^5 calls are in flight/);
    expect(path.problems).toEqual([]);
    await release();
  });

  it('waits for nobody to say so, also when no event can be written', async () => {
    path.parts.journal.setReachable(false);
    expect((await path.call(TARGET)).status).toBe(503);
    expect((await path.call(TARGET)).headers['postern-error']).toBe('overloaded');
    await until('the event is missed', () => path.problems.length > 0);
    path.parts.journal.setReachable(true);
    await release();
  });

  it('takes calls again when some have ended', async () => {
    held.shift()!.end('early');
    expect((await Promise.race(waiting)).body).toBe('early');
    const next = path.call(TARGET);
    await until('the next call is in flight', () => held.length === CALLS_MAX);
    await release();
    expect((await next).body).toBe('late');
  });
});
