import { randomUUID } from 'node:crypto';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** An issuer that lives in a test: its public keys go into a file, its tokens are minted here. */
export class WorkloadIssuer {
  private constructor(
    readonly issuer: string,
    private readonly audience: string,
    private readonly privateKey: CryptoKey,
    private readonly publicJwk: JWK,
  ) {}

  static async create(issuer: string, audience: string): Promise<WorkloadIssuer> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: randomUUID(), alg: 'ES256', use: 'sig' };
    return new WorkloadIssuer(issuer, audience, privateKey, jwk);
  }

  /** Content of the JWKS file. */
  get jwks(): string {
    return JSON.stringify({ keys: [this.publicJwk] });
  }

  /** The signing key, for clients that sign assertions by themselves. */
  get signingKey(): { privateKey: CryptoKey; kid: string } {
    return { privateKey: this.privateKey, kid: this.publicJwk.kid ?? '' };
  }

  /** A fresh workload token, valid for five minutes; `claims` replace or add. */
  mint(subject: string, claims: Record<string, unknown> = {}): Promise<string> {
    return new SignJWT({ jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: this.publicJwk.kid ?? '', typ: 'JWT' })
      .setIssuer(this.issuer)
      .setSubject(subject)
      .setAudience(this.audience)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(this.privateKey);
  }
}
