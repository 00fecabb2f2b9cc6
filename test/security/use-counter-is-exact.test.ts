import { CallPath, send } from './call-path.js';

/** Use counter decremented without checking the row count: seen in a bastion. */
describe('maxCalls', () => {
  let path: CallPath;
  beforeAll(async () => {
    path = await CallPath.start();
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

  it('counts nothing when the ledger is away, and sends nothing', async () => {
    path.parts.ledger.goAway();
    const before = path.backend.seen.length;
    const answer = await path.call('/proxy/ledger/accounts/42');
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
