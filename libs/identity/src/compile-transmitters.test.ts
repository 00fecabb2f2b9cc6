import {
  compileIssuer,
  compileTransmitters,
  IssuerRegistry,
  IssuerRegistryInvalid,
  SecurityEventVerifier,
  type SignalDeclaration,
} from '#identity';
import { FixedClock, InMemoryKeySource, TestIssuer } from '#testing';

const audience = 'https://postern.test';
const reviewBy = new Date('2100-01-01T00:00:00Z');

const signal = (changes: Partial<SignalDeclaration> = {}): SignalDeclaration => ({
  id: 'corp',
  issuer: 'https://idp.test',
  keys: { kind: 'discovery', refreshSeconds: 300 },
  algorithms: ['ES256'],
  allowPrivateKeyEndpoint: true,
  subjects: ['idp', 'mesh'],
  owner: 'iam@test',
  purpose: 'Signals of the identity provider',
  reviewBy,
  ...changes,
});

async function aDeployment() {
  const clock = new FixedClock();
  const idp = await TestIssuer.create({ issuer: 'https://idp.test', clock });
  const mesh = idp.declaration({
    ...{ id: 'mesh', kind: 'spiffe', issuer: 'spiffe://prod.test' },
    keys: { kind: 'file', path: '/bundle.json' },
  });
  const issuers = IssuerRegistry.of([
    idp.declaration({ id: 'idp' }),
    mesh,
    idp.declaration({ id: 'other', issuer: 'https://other.test' }),
  ]);
  return { clock, idp, issuers };
}

describe('the transmitters of security events, compiled', () => {
  it('E-04: speak of the subjects of the issuers that they name, and of no others', async () => {
    const { issuers } = await aDeployment();
    const [transmitter] = compileTransmitters([signal()], issuers);
    expect([...(transmitter?.speaksOf ?? [])]).toEqual(['https://idp.test', 'spiffe://prod.test']);
  });

  it('command what is said, and nothing where nothing is', async () => {
    const { issuers } = await aDeployment();
    const commands = { actions: ['revoke'], scopes: ['handle', 'family'] };
    const [telling] = compileTransmitters([signal()], issuers);
    const [commanding] = compileTransmitters([signal({ commands })], issuers);
    expect(telling).not.toHaveProperty('commands');
    expect(commanding?.commands).toEqual({
      actions: new Set(['revoke']),
      scopes: new Set(['handle', 'family']),
    });
  });

  it.each([
    { actions: [], scopes: ['handle'] },
    { actions: ['revoke'], scopes: [] },
    { actions: ['delete'], scopes: ['handle'] },
    { actions: ['revoke'], scopes: ['everything'] },
  ])('are refused when they may command %j', async (commands) => {
    const { issuers } = await aDeployment();
    expect(() => compileTransmitters([signal({ commands })], issuers)).toThrow(
      IssuerRegistryInvalid,
    );
  });

  it('E-08: have a name beside those of issuers, and sign security events alone', async () => {
    const { issuers } = await aDeployment();
    const [transmitter] = compileTransmitters([signal({ id: 'idp' })], issuers);
    expect(transmitter?.registration).toEqual({
      id: 'signals/idp',
      kind: 'oidc',
      issuer: 'https://idp.test',
      keys: { kind: 'discovery', refreshSeconds: 300 },
      algorithms: ['ES256'],
      types: ['secevent+jwt'],
      allowPrivateKeyEndpoint: true,
      subjects: 'workload',
      tokenUse: { kind: 'once' },
      maxLifetimeSeconds: 86_400,
      maxAgeSeconds: 86_400,
      clockSkewSeconds: 30,
      requiredClaims: new Map(),
      owner: 'iam@test',
      purpose: 'Signals of the identity provider',
      reviewBy,
    });
  });

  it('E-08: leave it at that: no issuer of subject tokens may have the type', async () => {
    const { idp } = await aDeployment();
    const types = ['jwt', 'secevent+jwt'];
    expect(() => compileIssuer(idp.declaration({ types }))).toThrow(
      'a secevent+jwt is not a subject token',
    );
  });

  it('E-01: are believed by the verifier', async () => {
    const { clock, idp, issuers } = await aDeployment();
    const transmitters = compileTransmitters([signal()], issuers);
    const keys = InMemoryKeySource.of([idp], clock);
    const verifier = new SecurityEventVerifier({ transmitters, keys, clock, issuers, audience });
    const event = (issuer: string) =>
      idp.mint(
        {
          ...{ sub: undefined, exp: undefined, events: { 'https://event.test': {} } },
          sub_id: { format: 'iss_sub', iss: issuer, sub: 'workload-1' },
        },
        { typ: 'secevent+jwt' },
      );
    await expect(verifier.verify(await event('https://idp.test'))).resolves.toMatchObject({
      subject: { issuer: 'https://idp.test', subject: 'workload-1' },
      transmitter: { registration: { id: 'signals/corp' } },
    });
    await expect(verifier.verify(await event('https://other.test'))).rejects.toMatchObject({
      err: 'access_denied',
      transmitter: 'signals/corp',
    });
  });

  it('are in the order in which they were declared, and none where none is', async () => {
    const { issuers } = await aDeployment();
    const two = [signal(), signal({ id: 'two', issuer: 'https://two.test' })];
    const ids = compileTransmitters(two, issuers).map(({ registration }) => registration.id);
    expect(ids).toEqual(['signals/corp', 'signals/two']);
    expect(compileTransmitters([], issuers)).toEqual([]);
  });

  it.each<[string, Partial<SignalDeclaration>, string]>([
    ['nobody to speak of', { subjects: [] }, 'lists no issuer of whose subjects'],
    ['an issuer that there is not', { subjects: ['idp', 'nobody'] }, 'name nobody, which is no'],
    ['the iss of an issuer for its id', { subjects: ['https://idp.test'] }, 'which is no issuer'],
    ['a member of every object', { subjects: ['constructor'] }, 'which is no issuer'],
    ['a shared secret', { algorithms: ['ES256', 'HS256'] }, 'the algorithm HS256'],
    ['no signature', { algorithms: ['none'] }, 'the algorithm none'],
    ['no algorithm', { algorithms: [] }, 'it lists no algorithm'],
    ['no issuer', { issuer: '' }, 'its issuer is empty'],
    ['a trust domain', { issuer: 'spiffe://prod.test' }, 'is not the issuer of OIDC tokens'],
    ['keys asked for too often', { keys: { kind: 'discovery', refreshSeconds: 1 } }, 'refreshed'],
    ['no review', { reviewBy: new Date('never') }, 'its review date is not a date'],
  ])('E-01: refuses %s, and names the transmitter', async (_what, changes, problem) => {
    const { issuers } = await aDeployment();
    const compile = () => compileTransmitters([signal(changes)], issuers);
    expect(compile).toThrow(IssuerRegistryInvalid);
    expect(compile).toThrow('issuer signals/corp: ');
    expect(compile).toThrow(problem);
  });

  it.each<[string, Partial<SignalDeclaration>]>([
    ['id', { issuer: 'https://two.test' }],
    ['issuer', { id: 'two' }],
  ])('refuses two of the same %s', async (member, changes) => {
    const { issuers } = await aDeployment();
    expect(() => compileTransmitters([signal(), signal(changes)], issuers)).toThrow(
      `the same ${member}`,
    );
  });
});
