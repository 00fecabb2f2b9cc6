import {
  COMMAND_EVENT_PREFIX,
  compileIssuer,
  IssuerRegistry,
  SecurityEventVerifier,
} from '#identity';
import { epochSeconds } from '#kernel';
import { FixedClock, InMemoryKeySource, TestIssuer } from '#testing';

const audience = 'https://postern.test';
const REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const SUBJECT = { format: 'iss_sub', iss: 'https://idp.test', sub: 'workload-1' };
const HEADER = { typ: 'secevent+jwt' };

async function aReceiver(reviewBy = new Date('2100-01-01T00:00:00Z')) {
  const clock = new FixedClock();
  const transmitter = await TestIssuer.create({ issuer: 'https://signals.test', clock });
  const keys = InMemoryKeySource.of([transmitter], clock);
  const registration = compileIssuer(transmitter.declaration({ reviewBy }));
  const speaksOf = new Set(['https://idp.test', 'spiffe://prod.example']);
  const transmitters = [{ registration, speaksOf }];
  const registered = ['https://idp.test', 'https://other.test'];
  const issuers = IssuerRegistry.of(
    registered.map((issuer) => transmitter.declaration({ id: issuer, issuer })),
  );
  const verifier = new SecurityEventVerifier({ transmitters, keys, clock, issuers, audience });
  const receive = async (claims: object = {}, header: object = {}) =>
    verifier.verify(await transmitter.mint({ ...SET, ...claims }, { ...HEADER, ...header }));
  return { receive, verifier, keys, clock, transmitter };
}
const SET = { sub: undefined, exp: undefined, sub_id: SUBJECT, events: { [REVOKED]: {} } };

describe('the security event verifier', () => {
  it('E-01: tells of whom which event is told by which transmitter', async () => {
    const { receive, clock } = await aReceiver();
    await expect(receive({ jti: 'one', txn: 'two' })).resolves.toMatchObject({
      jti: 'one',
      transaction: 'two',
      issuedAt: clock.now(),
      subject: { issuer: 'https://idp.test', subject: 'workload-1' },
      eventType: REVOKED,
      transmitter: { registration: { issuer: 'https://signals.test' } },
    });
  });

  it('E-01: takes a SPIFFE ID for the subject of its trust domain', async () => {
    const { receive } = await aReceiver();
    const uri = 'spiffe://prod.example/a';
    await expect(receive({ sub_id: { format: 'uri', uri } })).resolves.toMatchObject({
      subject: { issuer: 'spiffe://prod.example', subject: uri },
    });
  });

  it.each<[string, object]>([
    ['an exp', { exp: 2_000_000_000 }],
    ['no sub_id', { sub_id: undefined }],
    ['a sub_id without a format', { sub_id: { iss: 'https://idp.test', sub: 'workload-1' } }],
    ['an iss_sub without a sub', { sub_id: { format: 'iss_sub', iss: 'https://idp.test' } }],
    ['a uri that is no text', { sub_id: { format: 'uri', uri: 1 } }],
    ['a subject without sub', { sub_id: { format: 'iss_sub', iss: 'https://idp.test' } }],
    ['no events', { events: undefined }],
    ['an empty events', { events: {} }],
    ['two events', { events: { [REVOKED]: {}, 'https://other.test': {} } }],
    ['an event that is no object', { events: { [REVOKED]: [] } }],
    ['no jti', { jti: undefined }],
    ['an empty jti', { jti: '' }],
    ['a jti of 256 characters', { jti: 'j'.repeat(256) }],
    ['a txn that is no text', { txn: 1 }],
    ['no iat', { iat: undefined }],
  ])('E-01: refuses %s', async (_what, claims) => {
    const { receive } = await aReceiver();
    await expect(receive(claims)).rejects.toMatchObject({ err: 'invalid_request' });
  });

  it.each([
    [30, true],
    [31, false],
    [-86_400, true],
    [-86_401, false],
  ])('E-01: of an iat %i seconds from now, acceptance is %s', async (seconds, accepted) => {
    const { receive, clock } = await aReceiver();
    const outcome = receive({ iat: epochSeconds(clock.now()) + seconds });
    await (accepted
      ? expect(outcome).resolves.toHaveProperty('eventType', REVOKED)
      : expect(outcome).rejects.toMatchObject({ err: 'invalid_request' }));
  });

  it.each([['https://other.test'], [undefined], [[audience, 'https://other.test']]])(
    'E-01: refuses the aud %j',
    async (aud) => {
      const { receive } = await aReceiver();
      await expect(receive({ aud })).rejects.toMatchObject({ err: 'invalid_audience' });
    },
  );

  it.each(['https://signals.test/', 'https://idp.test', undefined])(
    'E-01: refuses the iss %s before any key is asked for',
    async (iss) => {
      const { receive, keys } = await aReceiver();
      await expect(receive({ iss })).rejects.toMatchObject({ err: 'invalid_issuer' });
      expect(keys.questions).toBe(0);
    },
  );

  it('E-01: refuses a transmitter from the instant of its review on', async () => {
    const { receive } = await aReceiver(new FixedClock().now());
    await expect(receive()).rejects.toMatchObject({ err: 'invalid_issuer' });
  });

  it.each(['JWT', 'at+jwt', undefined])('E-08: refuses a token of typ %s', async (typ) => {
    const { receive } = await aReceiver();
    await expect(receive({}, { typ })).rejects.toMatchObject({ err: 'invalid_request' });
  });

  it('E-01: refuses a signature of another key, and an alg that is not registered', async () => {
    const { verifier, receive, transmitter, clock } = await aReceiver();
    const { issuer, keyId } = transmitter;
    const forger = await TestIssuer.create({ issuer, keyId, clock });
    const forged = verifier.verify(await forger.mint(SET, HEADER));
    await expect(forged).rejects.toMatchObject({ err: 'invalid_key' });
    await expect(receive({}, { alg: 'none' })).rejects.toMatchObject({ err: 'invalid_key' });
  });

  it('E-01: refuses what is no compact JWS', async () => {
    const { verifier } = await aReceiver();
    await expect(verifier.verify('a.b')).rejects.toMatchObject({ err: 'invalid_request' });
  });

  it('E-04: refuses an event of a subject of whom its transmitter may not speak, and names it', async () => {
    const { receive, transmitter } = await aReceiver();
    const { id } = transmitter.declaration();
    const sub_id = { format: 'iss_sub', iss: 'https://other.test', sub: 'workload-1' };
    await expect(receive({ sub_id })).rejects.toMatchObject({
      err: 'access_denied',
      transmitter: id,
    });
  });

  it('E-05: takes an event about a subject of an issuer that is not registered', async () => {
    const { receive } = await aReceiver();
    const sub_id = { format: 'iss_sub', iss: 'https://nobody.test', sub: 'a' };
    const subject = { issuer: 'https://nobody.test', subject: 'a' };
    await expect(receive({ sub_id })).resolves.toMatchObject({ subject });
  });

  it.each([
    { format: 'opaque', id: 'x' },
    { format: 'email', email: 'a@b.test' },
    { format: 'uri', uri: 'https://idp.test/workload-1' },
    { format: 'complex', user: SUBJECT },
  ])('E-05: takes an event whose sub_id %j names no workload', async (sub_id) => {
    const { receive } = await aReceiver();
    await expect(receive({ sub_id })).resolves.toMatchObject({ subject: undefined });
  });

  it('takes a command without a sub_id, and refuses one that has one', async () => {
    const { receive } = await aReceiver();
    const events = { [`${COMMAND_EVENT_PREFIX}revoke`]: { scope: 'family', id: 'fam_1' } };
    await expect(receive({ sub_id: undefined, events })).resolves.toMatchObject({
      subject: undefined,
      event: { scope: 'family', id: 'fam_1' },
    });
    await expect(receive({ events })).rejects.toMatchObject({ err: 'invalid_request' });
  });

  it.each([
    ['unsigned', {}, { alg: 'none' }],
    ['expired', { iat: 1 }, {}],
    ['malformed', { exp: 1 }, {}],
    ['invalid_audience', { aud: 'x' }, {}],
    ['invalid_issuer', { iss: 'x' }, {}],
    ['invalid_key', {}, { kid: 'x' }],
  ])('tells operators more finely that it is %s', async (fault, claims, header) => {
    const { receive } = await aReceiver();
    await expect(receive(claims, header)).rejects.toMatchObject({ fault });
  });

  it('calls a token without a signature what it is', async () => {
    const { verifier, transmitter } = await aReceiver();
    const signed = await transmitter.mint(SET, HEADER);
    const bare = verifier.verify(signed.slice(0, signed.lastIndexOf('.') + 1));
    await expect(bare).rejects.toMatchObject({ fault: 'unsigned' });
  });
});
