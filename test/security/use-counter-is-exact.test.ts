import { aProxiedRegistration } from '#testing';
import { CallPath, send } from './call-path.js';

const { call } = aProxiedRegistration();

/** Use counter decremented without checking the row count: seen in a bastion. */
describe.each(['strict', 'buffered'] as const)('maxCalls, with the audit %s', (audit) => {
  let path: CallPath;
  beforeAll(async () => {
    path = await CallPath.start({ registration: { call: { ...call, audit } } });
  });
  afterAll(() => path.stop());

  it('is exact under calls at once', async () => {
    const { plaintext } = await path.parts.issue({ maxCalls: 5 });
    const headers = { authorization: `Bearer ${plaintext}` };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send(path.port, '/proxy/ledger/accounts/42', { headers })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
    expect(path.backend.seen).toHaveLength(5);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(new Set(refused.map((answer) => answer.headers['postern-error']))).toEqual(
      new Set(['calls-exhausted']),
    );
  });

  it('is exact over many calls, each of which is recorded once', async () => {
    const { plaintext, handle } = await path.parts.issue({ maxCalls: 60 });
    const headers = { authorization: `Bearer ${plaintext}` };
    const statuses: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => send(path.port, '/proxy/ledger/accounts/42', { headers })),
      );
      statuses.push(...answers.map(({ status }) => status));
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(60);
    expect(path.parts.ledger.callsUsed(handle.id)).toBe(60);
    const records = path.parts.ledger.completed.map(({ data }) => data);
    expect(records.filter(({ handle_id: id }) => id === handle.id)).toHaveLength(60);
  });

  it('counts nothing when the ledger is away, and sends nothing', async () => {
    path.parts.ledger.goAway();
    const before = path.backend.seen.length;
    const { plaintext } = await path.parts.issue();
    const headers = { authorization: `Bearer ${plaintext}` };
    const answer = await send(path.port, '/proxy/ledger/accounts/42', { headers });
    path.parts.ledger.goAway(false);
    expect([answer.status, answer.headers['postern-error']]).toEqual([
      503,
      'dependency-unavailable',
    ]);
    expect(path.backend.seen).toHaveLength(before);
  });

  it('P-04: is for live handles: one that was revoked after it was remembered is refused by the ledger', async () => {
    const { plaintext, handle } = await path.parts.issue();
    path.parts.ledger.put({ ...handle, status: 'revoked' });
    const headers = { authorization: `Bearer ${plaintext}` };
    const before = path.backend.seen.length;
    const answer = await send(path.port, '/proxy/ledger/accounts/42', { headers });
    expect([answer.status, path.backend.seen.length]).toEqual([401, before]);
  });
});

it('begins no call whose record could not be kept', async () => {
  const path = await CallPath.start({ registration: { call: { ...call, audit: 'buffered' } } });
  path.parts.ledger.hasRoom = false;
  const answer = await path.call('/proxy/ledger/accounts/42');
  expect([answer.status, answer.headers['postern-error']]).toEqual([503, 'overloaded']);
  expect(answer.headers['retry-after']).toBe('1');
  expect(path.backend.seen).toHaveLength(0);
  await path.stop();
});
