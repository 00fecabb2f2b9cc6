import {
  type IssuerRegistration,
  IssuerRegistry,
  type KeySet,
  SubjectTokenVerifier,
} from '#identity';
import {
  aFormRequest,
  FixedClock,
  InMemoryKeySource,
  InMemoryProofUses,
  SVID_UNDER_TEST,
  SvidsUnderTest,
  TEST_NOW,
  TestTrustDomain,
} from '#testing';
import { ClientAssertions } from './client-assertions.js';
import { Form } from './form.js';
import { SvidAuthentication } from './svid-authentication.js';

const AUDIENCE = 'https://postern.test';
const SVID_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe';
const refused: Error = expect.objectContaining({ code: 'invalid_client' }) as Error;

let clock: FixedClock;
let domain: TestTrustDomain;

beforeEach(async () => {
  clock = new FixedClock(TEST_NOW);
  domain = await TestTrustDomain.create('prod.example', clock);
});

describe('S-16: a JWT-SVID as client assertion', () => {
  const authenticate = async (
    claims: Readonly<Record<string, unknown>> = {},
    type = SVID_TYPE,
    clientId?: string,
  ) => {
    const issuers = IssuerRegistry.of([domain.declaration()]);
    const keys = InMemoryKeySource.of([], clock);
    keys.publish('spiffe://prod.example', domain.bundleKeys());
    const verifier = new SubjectTokenVerifier({ issuers, keys, clock, audience: AUDIENCE });
    const assertions = new ClientAssertions({
      verifier,
      clock,
      proofUses: new InMemoryProofUses(),
    });
    const parameters = {
      client_assertion: await domain.svid(claims),
      client_assertion_type: type,
      client_id: clientId,
    };
    return assertions.authenticate(Form.parse(aFormRequest(parameters)));
  };

  it('proves the workload that its SPIFFE ID names', async () => {
    const { identity } = await authenticate();
    expect(identity).toMatchObject({
      issuer: 'spiffe://prod.example',
      subject: 'spiffe://prod.example/ns/payments/sa/settler',
    });
  });

  it.each<[string, Parameters<typeof authenticate>]>([
    ['for others as well', [{ aud: [AUDIENCE, 'https://other.test'] }]],
    ['for another', [{ aud: 'https://other.test' }]],
    ['of a trust domain that is not registered', [{ sub: 'spiffe://other.example/a' }]],
    ['of another type', [{}, 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer']],
    ['of another client', [{}, SVID_TYPE, 'spiffe://prod.example/ns/payments/sa/other']],
  ])('proves nobody %s', async (_, asked) => {
    await expect(authenticate(...asked)).rejects.toThrow(refused);
  });
});

describe('S-17: an X.509-SVID', () => {
  let svids: SvidsUnderTest;

  /** A bundle with the authorities of the trust domain. */
  class Bundles extends InMemoryKeySource {
    override async current(registration: IssuerRegistration): Promise<KeySet> {
      const { keys, fetchedAt } = await super.current(registration);
      return { keys, fetchedAt, x509Authorities: [svids.root.der] };
    }
  }

  const authenticate = (clientId: string, chain: readonly Uint8Array[], overdue = false) => {
    const reviewBy = overdue ? TEST_NOW : new Date('2100-01-01T00:00:00Z');
    const issuers = IssuerRegistry.of([domain.declaration({ reviewBy })]);
    const keys = new Bundles(clock);
    keys.publish('spiffe://prod.example', domain.bundleKeys());
    return new SvidAuthentication({ issuers, keys, clock }).authenticate(clientId, chain);
  };

  beforeAll(async () => {
    svids = await SvidsUnderTest.make();
  });

  it('proves the workload whose SPIFFE ID it holds and client_id names', async () => {
    const { der } = await svids.root.svid(SVID_UNDER_TEST);
    expect(await authenticate(SVID_UNDER_TEST, [der])).toMatchObject({
      issuer: 'spiffe://prod.example',
      subject: SVID_UNDER_TEST,
      subjectKind: 'workload',
    });
  });

  it('proves nobody whose client_id is another', async () => {
    const { der } = await svids.root.svid(SVID_UNDER_TEST);
    await expect(authenticate(`${SVID_UNDER_TEST}2`, [der])).rejects.toThrow(refused);
  });

  it('proves nobody when another authority signed it, or none is presented', async () => {
    const { der } = await svids.stranger.svid(SVID_UNDER_TEST);
    await expect(authenticate(SVID_UNDER_TEST, [der])).rejects.toThrow(refused);
    await expect(authenticate(SVID_UNDER_TEST, [])).rejects.toThrow(refused);
  });

  it('proves nobody of a trust domain that is not registered, or overdue', async () => {
    const other = await svids.root.svid('spiffe://other.example/a');
    await expect(authenticate('spiffe://other.example/a', [other.der])).rejects.toThrow(refused);
    const { der } = await svids.root.svid(SVID_UNDER_TEST);
    await expect(authenticate(SVID_UNDER_TEST, [der], true)).rejects.toThrow(refused);
  });
});
