import { base64url, calculateJwkThumbprint, SignJWT } from 'jose';
import {
  type DpopKeys,
  type DpopPublicJwk,
  generateDpopKeys,
  importDpopKeys,
  publicJwkOf,
} from './dpop-keys.js';
import { type DpopEndpoint, DpopNonces } from './dpop-nonces.js';

/** The request that a proof is for. */
export interface ProofTarget {
  readonly endpoint: DpopEndpoint;
  /** As it goes over the wire. */
  readonly method: string;
  /** Absolute; query and fragment are left out of the proof. */
  readonly url: string;
  /** The handle that goes with the request. */
  readonly handle?: string;
}

/**
 * Proves possession of one key (RFC 9449) and remembers the nonces that Postern hands out, for each origin and endpoint
 * apart. `iat` is the machine's clock: one that is wrong by more than seconds is refused. May be shared by clients and by
 * concurrent requests.
 */
export class DpopProver {
  readonly #nonces = new DpopNonces();

  private constructor(
    /** SHA-256 thumbprint of the public key (RFC 7638): what handles are bound to. No secret. */
    readonly jkt: string,
    private readonly publicJwk: DpopPublicJwk,
    private readonly privateKey: DpopKeys['privateKey'],
  ) {}

  /** With a new key that lives as long as this object and cannot leave the process. */
  static async generate(): Promise<DpopProver> {
    return DpopProver.of(await generateDpopKeys());
  }

  /**
   * With a key pair of the caller's.
   * @throws PosternClientError proof_key_unusable
   */
  static async of(keys: DpopKeys): Promise<DpopProver> {
    const publicJwk = await publicJwkOf(keys);
    const jkt = await calculateJwkThumbprint({ ...publicJwk }, 'sha256');
    return new DpopProver(jkt, publicJwk, keys.privateKey);
  }

  /**
   * With a private P-256 JWK of the caller's.
   * @throws PosternClientError proof_key_unusable
   */
  static async ofJwk(jwk: unknown): Promise<DpopProver> {
    return DpopProver.of(await importDpopKeys(jwk));
  }

  /** The value of the `DPoP` header for one request (RFC 9449 section 4.2). Never send it twice. */
  async prove({ endpoint, method, url, handle }: ProofTarget): Promise<string> {
    const { origin, pathname } = new URL(url);
    const nonce = this.#nonces.find(endpoint, origin);
    const claims = {
      htm: method,
      htu: origin + pathname,
      ...(nonce === undefined ? {} : { nonce }),
      ...(handle === undefined ? {} : { ath: await hashOf(handle) }),
    };
    return new SignJWT(claims)
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: { ...this.publicJwk } })
      .setJti(crypto.randomUUID())
      .setIssuedAt()
      .sign(this.privateKey);
  }

  /** Takes the `DPoP-Nonce` of an answer (RFC 9449 sections 8.2 and 9). True when there was one that can be used. */
  remember(endpoint: DpopEndpoint, url: string, headers: Headers): boolean {
    const nonce = headers.get('dpop-nonce');
    return nonce !== null && this.#nonces.keep(endpoint, new URL(url).origin, nonce);
  }
}

const hashOf = async (handle: string): Promise<string> =>
  base64url.encode(
    new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(handle))),
  );
