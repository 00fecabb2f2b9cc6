import { mintHandle } from '#handles';
import { type Answer, CallPath, send } from './call-path.js';

const TARGET = '/proxy/ledger/accounts/42';
const DPOP = 'DPoP algs="ES256 ES384 ES512 PS256 PS384 PS512 EdDSA Ed25519 RS256"';

/** An answer that tells unknown from expired from revoked is an oracle for whoever tries handles out. */
describe('refusals of handles', () => {
  let path: CallPath;
  beforeAll(async () => {
    path = await CallPath.start();
  });
  afterAll(() => path.stop());
  const reasons = (): string[] =>
    path.parts.journal.of('dev.postern.call.denied.v1').map(({ reason }) => reason);
  const withHandle = (handle: string): Promise<Answer> =>
    send(path.port, TARGET, { headers: { authorization: `Bearer ${handle}` } });
  const visible = ({ status, body, headers }: Answer): unknown => {
    return { status, body, same: { ...headers, 'postern-correlation-id': '', date: '' } };
  };

  it('P-02: are the same, byte for byte, for unknown, malformed, expired, suspended and revoked', async () => {
    const past = new Date(path.parts.clock.now().getTime() - 1);
    const { plaintext } = mintHandle('dev');
    const answers = [
      await withHandle(plaintext),
      await withHandle(`${plaintext}x`),
      await path.call(TARGET, { handle: { expiresAt: past } }),
      await path.call(TARGET, { handle: { expiresAt: path.parts.clock.now() } }),
      await path.call(TARGET, { handle: { status: 'suspended' } }),
      await path.call(TARGET, { handle: { status: 'revoked' } }),
    ].map(visible);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ status: 401, same: { 'postern-error': 'invalid_token' } });
    expect(reasons()).toEqual(
      expect.arrayContaining(['unknown', 'malformed', 'expired', 'suspended', 'revoked']),
    );
    expect(path.backend.seen).toHaveLength(0);
  });

  it('D-14: tell the workload how to authenticate (RFC 6750, RFC 9449)', async () => {
    const none = await send(path.port, TARGET);
    expect([none.status, none.headers['www-authenticate']]).toEqual([
      401,
      `Bearer realm="postern", ${DPOP}`,
    ]);
    const bad = await withHandle('x');
    expect(bad.headers['www-authenticate']).toBe(
      `Bearer realm="postern", error="invalid_token", ${DPOP}, error="invalid_token"`,
    );
    expect(bad.headers['content-type']).toBe('application/problem+json');
  });

  it('never repeat the handle in an event, a log or an answer', async () => {
    const { plaintext } = await path.parts.issue({ status: 'revoked' });
    const answer = await withHandle(plaintext);
    const everything = JSON.stringify([
      answer,
      path.parts.journal.events,
      path.problems.map(String),
    ]);
    expect(everything).not.toContain(plaintext);
    expect(everything).not.toContain(plaintext.slice(8, 30));
  });

  it('are given only when their event is durable', async () => {
    path.parts.journal.setReachable(false);
    path.parts.clock.advance(5);
    const answer = await path.call(TARGET, { handle: { status: 'revoked' } });
    path.parts.journal.setReachable(true);
    expect([answer.status, answer.headers['postern-error']]).toEqual([
      503,
      'dependency-unavailable',
    ]);
    expect(answer.headers['retry-after']).toBe('1');
  });
});
