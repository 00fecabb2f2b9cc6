import { randomBytes } from 'node:crypto';
import { DpopNonces, mintHandle } from '#handles';
import { athOf, TEST_ENVIRONMENT } from '#testing';
import { type Answer } from './call-path.js';
import { ProvenCall, TARGET } from './proven-call.js';

const ALGS = 'DPoP algs="ES256 ES384 ES512 PS256 PS384 PS512 EdDSA Ed25519 RS256"';
const NONCE_SECONDS = 300;

const namesOf = ({ rawHeaders }: Answer): string[] =>
  rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
const visible = ({ status, body, headers }: Answer): unknown => {
  return { status, body, same: { ...headers, 'postern-correlation-id': '', date: '' } };
};

describe('a proxy that is asked with DPoP', () => {
  let call: ProvenCall;
  beforeAll(async () => {
    call = await ProvenCall.start();
  });
  beforeEach(() => call.renew());
  afterAll(() => call.stop());

  it.each(['DPoP', 'dpop', 'DPOP', 'dPoP'])('D-13: takes the scheme %s', async (scheme) => {
    const authorization = `${scheme} ${call.handle}`;
    await call.taken(() => call.send({ authorization, DPoP: call.proof() }));
  });

  it.each<[string, (handle: string) => string]>([
    ['a tab for the space', (handle) => `DPoP\t${handle}`],
    ['a tab before the space', (handle) => `DPoP\t ${handle}`],
    ['a tab behind the space', (handle) => `DPoP \t${handle}`],
    ['a space of another kind', (handle) => `DPoP\xa0${handle}`],
    ['no space', (handle) => `DPoP${handle}`],
    ['a colon', (handle) => `DPoP: ${handle}`],
    ['quotation marks', (handle) => `DPoP "${handle}"`],
    ['the scheme twice', (handle) => `DPoP DPoP ${handle}`],
    ['both schemes', (handle) => `Bearer DPoP ${handle}`],
    ['a parameter', (handle) => `DPoP ${handle}, nonce="x"`],
    ['the handle twice', (handle) => `DPoP ${handle} ${handle}`],
    ['a scheme that begins alike', (handle) => `DPoPs ${handle}`],
  ])('D-13: refuses %s', async (_, authorization) => {
    await call.refused(401, 'invalid_token', () =>
      call.send({ authorization: authorization(call.handle), DPoP: call.proof() }),
    );
  });

  it('D-14: tells whoever presents nothing how to, and of no error', async () => {
    const bare = await call.refused(401, 'missing-handle', () => call.send({}));
    expect(bare.headers['www-authenticate']).toBe(`Bearer realm="postern", ${ALGS}`);
    const proof = call.proof();
    const alone = await call.refused(401, 'missing-handle', () => call.send({ DPoP: proof }));
    expect(visible(alone)).toEqual(visible(bare));
    await call.taken(() => call.get(proof));
  });

  it('D-14: tells whoever presents a handle that is not valid of the error', async () => {
    const answer = await call.refused(401, 'invalid_token', () =>
      call.send({ authorization: 'DPoP nothing', DPoP: call.proof() }),
    );
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer realm="postern", error="invalid_token", ${ALGS}, error="invalid_token"`,
    );
  });

  it('D-12: takes a proof with claims and header members that nobody knows', async () => {
    await call.taken(() => call.get(call.proof({ 'x-mine': {}, exp: 1 }, { kid: 'k' })));
  });

  it('P-02: answers alike, byte for byte, for unknown, expired, suspended and revoked, with a proof in order', async () => {
    const now = call.path.parts.clock.now();
    const handles = [
      mintHandle(TEST_ENVIRONMENT).plaintext,
      await call.issue({ expiresAt: now }),
      await call.issue({ status: 'suspended' }),
      await call.issue({ status: 'revoked' }),
    ];
    const answers: unknown[] = [];
    for (const handle of handles) {
      const answer = await call.refused(401, 'invalid_token', () =>
        call.send({ authorization: `DPoP ${handle}`, DPoP: call.proof({ ath: athOf(handle) }) }),
      );
      answers.push(visible(answer));
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
  });

  it.each(['/proxy/ledger/admin', '/proxy/archive/accounts/42', '/proxy/nowhere/accounts/42'])(
    'P-03: refuses %s with a proof in order: the key opens what the handle is for, and no more',
    async (target) => {
      const htu = `https://postern.example${target}`;
      const authorization = `DPoP ${call.handle}`;
      const answer = await call.refused(403, 'insufficient_scope', () =>
        call.send({ authorization, DPoP: call.proof({ htu }) }, target),
      );
      expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"');
    },
  );
});

/** RFC 9449 section 9, with nonces demanded. */
describe('a proxy that demands nonces', () => {
  const key = randomBytes(32);
  const nonces = new DpopNonces({ key, label: 'proxy' });
  let call: ProvenCall;
  beforeAll(async () => {
    call = await ProvenCall.start({ nonces });
  });
  beforeEach(() => call.renew());
  afterAll(() => call.stop());
  const now = (): Date => call.path.parts.clock.now();

  /** The one nonce of a demand for one. */
  const demanded = async (made: () => string): Promise<string> => {
    const answer = await call.refused(401, 'use_dpop_nonce', () => call.get(made()));
    expect(answer.headers['www-authenticate']).toBe(`${ALGS}, error="use_dpop_nonce"`);
    expect(namesOf(answer).filter((name) => name === 'dpop-nonce')).toHaveLength(1);
    return String(answer.headers['dpop-nonce']);
  };

  it('D-07: gives one, and takes the call with it', async () => {
    const nonce = await demanded(() => call.proof());
    await call.taken(() => call.get(call.proof({ nonce })));
  });

  it('D-07: refuses a proof without one also after it gave one', async () => {
    const nonce = await demanded(() => call.proof());
    await call.taken(() => call.get(call.proof({ nonce })));
    await demanded(() => call.proof());
  });

  it.each<[string, () => string]>([
    ['of the token endpoint', () => new DpopNonces({ key, label: 'token' }).issue(now())],
    ['of another deployment', () => anotherDeployment().issue(now())],
    ['that is made up', () => 'n'.repeat(54)],
    ['that is empty', () => ''],
  ])('D-07: refuses a nonce %s', async (_, nonce) => {
    await demanded(() => call.proof({ nonce: nonce() }));
  });

  it('D-07: takes a nonce of another proxy of the deployment', async () => {
    const nonce = new DpopNonces({ key, label: 'proxy' }).issue(now());
    await call.taken(() => call.get(call.proof({ nonce })));
  });

  it('D-07: refuses a nonce that is old', async () => {
    const nonce = await demanded(() => call.proof());
    call.path.parts.clock.advance(NONCE_SECONDS);
    await call.renew();
    await call.taken(() => call.get(call.proof({ nonce })));
    await demanded(() => call.proof({ nonce }));
  });

  it('D-08: gives nonces of characters that need no quoting, no two alike', async () => {
    const [one, other] = [await demanded(() => call.proof()), await demanded(() => call.proof())];
    expect(one).toMatch(/^[\x21\x23-\x5B\x5D-\x7E]+$/);
    expect(other).not.toBe(one);
  });

  it('D-07: gives none to whoever proves nothing, and asks none of a handle without a key', async () => {
    const otherwise = await call.refused(401, 'invalid_dpop_proof', () => call.get());
    expect(namesOf(otherwise)).not.toContain('dpop-nonce');
    const unbound = await call.issue({ binding: { kind: 'none' } });
    await call.taken(() => call.send({ authorization: `Bearer ${unbound}` }, TARGET));
  });
});

const anotherDeployment = (): DpopNonces =>
  new DpopNonces({ key: randomBytes(32), label: 'proxy' });
