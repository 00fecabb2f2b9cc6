import { epochSeconds } from '#kernel';
import { FixedClock, verifyMinted } from '#testing';

const now = epochSeconds(new FixedClock().now());
const claimsRefused = { code: 'token-rejected', reason: 'invalid_claims' };

describe('J-35 the types of claims', () => {
  it.each([
    ['azp', ['x']],
    ['azp', true],
    ['client_id', 1],
    ['acr', ['high']],
    ['acr', true],
    ['amr', 'mfa'],
    ['amr', ['mfa', 1]],
    ['auth_time', '1700000000'],
    ['auth_time', 1.5],
    ['cnf', 'text'],
    ['cnf', []],
    ['cnf', {}],
    ['cnf', { jkt: 1 }],
    ['cnf', { jkt: 'short' }],
    ['cnf', { jkt: 'x'.repeat(44) }],
    ['may_act', 'admin'],
    ['may_act', ['admin']],
  ])('are not converted: %s of %j', async (name, value) => {
    await expect(verifyMinted({ [name]: value })).rejects.toMatchObject(claimsRefused);
  });

  it('stay as the issuer signed them', async () => {
    const { identity } = await verifyMinted({
      acr: 'high',
      amr: ['mfa'],
      auth_time: now,
      flag: true,
      n: 1.5,
    });
    expect(identity.claims.get('flag')).toBe(true);
    expect(identity.claims.get('n')).toBe(1.5);
    expect(identity.claims.get('amr')).toEqual(['mfa']);
  });
});

describe('the scopes that a token carries', () => {
  it.each([
    ['none', {}, undefined],
    ['one', { scope: 'ledger.read' }, ['ledger.read']],
    ['several', { scope: 'ledger.read ledger.post' }, ['ledger.read', 'ledger.post']],
    ['an empty list, which is not none', { scope: '' }, []],
    ['scp as a list', { scp: ['a', 'b'] }, ['a', 'b']],
    ['scp as text', { scp: 'a b' }, ['a', 'b']],
    ['both, when they agree', { scope: 'a b', scp: ['b', 'a'] }, ['a', 'b']],
    ['one named twice', { scope: 'a a' }, ['a']],
  ])('are read: %s', async (_what, claims, scopes) => {
    expect((await verifyMinted(claims)).identity.scopes).toEqual(scopes);
  });

  it.each([
    [{ scope: ['a'] }],
    [{ scope: 1 }],
    [{ scope: null }],
    [{ scope: 'a  b' }],
    [{ scope: ' a' }],
    [{ scope: 'a\tb' }],
    [{ scope: 'a"b' }],
    [{ scope: 'ä' }],
    [{ scp: [1] }],
    [{ scp: ['a b'] }],
    [{ scp: [''] }],
    [{ scp: { a: true } }],
    [{ scope: 'a', scp: ['a', 'b'] }],
    [{ scope: 'a', scp: [] }],
  ])('are rejected when malformed: %j', async (claims) => {
    await expect(verifyMinted(claims)).rejects.toMatchObject(claimsRefused);
  });
});

describe('the key that a token is bound to', () => {
  const thumbprint = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';

  it.each([
    [{}, undefined],
    [{ cnf: { jkt: thumbprint } }, { jkt: thumbprint }],
    [{ cnf: { 'x5t#S256': thumbprint } }, { x5tS256: thumbprint }],
    [
      { cnf: { jkt: thumbprint, 'x5t#S256': thumbprint } },
      { jkt: thumbprint, x5tS256: thumbprint },
    ],
  ])('is told: %j', async (claims, confirmation) => {
    expect((await verifyMinted(claims)).confirmation).toEqual(confirmation);
  });

  it.each([[{ jwk: {} }], [{ kid: 'a' }], [{ jkt: thumbprint, jwe: 'a' }]])(
    'is not taken for none when it is of another kind: %j',
    async (cnf) => {
      await expect(verifyMinted({ cnf })).rejects.toMatchObject({ reason: 'not_supported' });
    },
  );
});

describe('delegation', () => {
  it.each([[{ sub: 'admin' }], [null], ['admin'], [{}]])(
    'A-06 is refused when the token records an actor: %j',
    async (act) => {
      await expect(verifyMinted({ act })).rejects.toMatchObject({ reason: 'not_supported' });
    },
  );

  it.each([
    [{ sub: 'another' }],
    [{ sub: 'workload-1', iss: 'https://other.test' }],
    [{ sub: 1 }],
    [{ client_id: 'x' }],
  ])('A-02 is refused when the token lets another act: %j', async (mayAct) => {
    await expect(verifyMinted({ may_act: mayAct })).rejects.toMatchObject({
      reason: 'not_supported',
    });
  });

  it('A-02 is none when the token lets its own subject act', async () => {
    const mayAct = { sub: 'workload-1', iss: 'https://idp.test', exp: 1 };
    await expect(verifyMinted({ may_act: mayAct })).resolves.toBeDefined();
  });
});

it('E-08 rejects a security event token', async () => {
  await expect(verifyMinted({ events: {} })).rejects.toMatchObject(claimsRefused);
});
