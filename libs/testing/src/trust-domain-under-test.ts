import {
  compileIssuer,
  type IssuerDeclaration,
  type IssuerRegistration,
  IssuerRegistry,
  type PublishedJwk,
  SubjectTokenVerifier,
  SVID_ALGORITHMS,
  type VerifiedToken,
} from '#identity';
import { FixedClock } from './fixed-clock.js';
import { InMemoryKeySource } from './in-memory-key-source.js';
import { type TestAlgorithm, TestIssuer } from './token-builder.js';

/** A SPIRE server in a test: signs SVIDs and publishes its bundle; `iss` and `jti` are left out, as SPIRE may. */
export class TestTrustDomain {
  constructor(
    readonly name: string,
    readonly signer: TestIssuer,
  ) {}

  static async create(
    name: string,
    clock: FixedClock,
    algorithm: TestAlgorithm = 'ES256',
    keyId = `${name}-key`,
  ): Promise<TestTrustDomain> {
    const signer = await TestIssuer.create({ issuer: `spiffe://${name}`, algorithm, clock, keyId });
    return new TestTrustDomain(name, signer);
  }

  svid(
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const sub = `spiffe://${this.name}/ns/payments/sa/settler`;
    return this.signer.mint({ iss: undefined, jti: undefined, sub, ...claims }, header);
  }

  /** As it is published: without `alg`. */
  bundleKeys(members: PublishedJwk = {}): readonly PublishedJwk[] {
    return [this.signer.publicJwk({ use: 'jwt-svid', alg: undefined, ...members })];
  }

  declaration(overrides: Partial<IssuerDeclaration> = {}): IssuerDeclaration {
    return this.signer.declaration({
      id: this.name.replace('.', '-'),
      kind: 'spiffe',
      keys: { kind: 'file', path: '/bundle.json' },
      algorithms: [...SVID_ALGORITHMS],
      types: ['jwt', 'jose'],
      ...overrides,
    });
  }

  /** Its entry in the issuer registry; what is replaced is not checked again. */
  registration(overrides: Partial<IssuerRegistration> = {}): IssuerRegistration {
    return { ...compileIssuer(this.declaration()), ...overrides };
  }
}

export interface MeshUnderTest {
  readonly domain: TestTrustDomain;
  readonly other: TestTrustDomain;
  readonly oidc: TestIssuer;
  readonly keys: InMemoryKeySource;
  readonly clock: FixedClock;
  readonly verify: (compactJws: string) => Promise<VerifiedToken>;
}

/** The trust domains prod.example and other.example and the OIDC issuer https://idp.test, all of them trusted. */
export async function aMesh(
  declared: Partial<IssuerDeclaration> = {},
  algorithm: TestAlgorithm = 'ES256',
): Promise<MeshUnderTest> {
  const clock = new FixedClock();
  const domain = await TestTrustDomain.create('prod.example', clock, algorithm);
  const other = await TestTrustDomain.create('other.example', clock);
  const oidc = await TestIssuer.create({ issuer: 'https://idp.test', clock });
  const keys = InMemoryKeySource.of([oidc], clock);
  keys.publish('spiffe://prod.example', domain.bundleKeys());
  keys.publish('spiffe://other.example', other.bundleKeys());
  const issuers = IssuerRegistry.of([
    domain.declaration(declared),
    other.declaration(),
    oidc.declaration({ id: 'idp' }),
  ]);
  const verifier = new SubjectTokenVerifier({
    issuers,
    keys,
    clock,
    audience: 'https://postern.test',
  });
  return { domain, other, oidc, keys, clock, verify: (token) => verifier.verify(token) };
}
