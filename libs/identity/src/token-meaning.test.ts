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
  it('A-04: tells the actors of a token, the outermost first, of its own issuer when they name none', async () => {
    const act = { sub: 'agent', act: { sub: 'front', iss: 'https://other.test' }, exp: 1 };
    expect((await verifyMinted({ act })).actors).toEqual([
      { issuer: 'https://idp.test', subject: 'agent' },
      { issuer: 'https://other.test', subject: 'front' },
    ]);
  });

  it('tells of no actor and nobody who may act when the token names none', async () => {
    expect(await verifyMinted({})).toMatchObject({ actors: [], mayAct: undefined });
  });

  it.each([
    [null],
    ['admin'],
    [['admin']],
    [{}],
    [{ sub: 1 }],
    [{ sub: '' }],
    [{ sub: 'a', act: 1 }],
  ])('A-04: rejects an act that is not of its shape: %j', async (act) => {
    await expect(verifyMinted({ act })).rejects.toMatchObject(claimsRefused);
  });

  it('A-04: rejects an act of more than eight hops', async () => {
    const chain = (hops: number): unknown =>
      hops === 0 ? undefined : { sub: `agent-${hops}`, act: chain(hops - 1) };
    // Deeper than the parser goes at all is malformed already.
    await expect(verifyMinted({ act: chain(9) })).rejects.toMatchObject({ code: 'token-rejected' });
    expect((await verifyMinted({ act: chain(8) })).actors).toHaveLength(8);
  });

  it('A-02: tells whom a token lets act, and takes no notice of members that do not identify', async () => {
    const mayAct = { sub: 'agent', iss: 'https://idp.test', client_id: 'app', exp: 1 };
    expect((await verifyMinted({ may_act: mayAct })).mayAct).toEqual({
      issuer: 'https://idp.test',
      subject: 'agent',
      clientId: 'app',
    });
  });

  it.each([[{}], [{ sub: 1 }], [{ iss: 'https://idp.test' }], [{ sub: 'agent', iss: 1 }]])(
    'A-02: rejects a may_act that names nobody: %j',
    async (mayAct) => {
      await expect(verifyMinted({ may_act: mayAct })).rejects.toMatchObject(claimsRefused);
    },
  );
});

it('E-08 rejects a security event token', async () => {
  await expect(verifyMinted({ events: {} })).rejects.toMatchObject(claimsRefused);
});
