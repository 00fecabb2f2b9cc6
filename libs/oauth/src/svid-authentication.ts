import {
  isOverdue,
  type IssuerRegistration,
  type IssuerRegistry,
  type KeySource,
  SvidRejected,
  verifyX509Svid,
  type WorkloadIdentity,
} from '#identity';
import { type Clock } from '#kernel';
import { OAuthError } from './oauth-error.js';

export interface SvidAuthenticationParts {
  readonly issuers: IssuerRegistry;
  readonly keys: KeySource;
  readonly clock: Clock;
}

/** Proves workloads by the X.509-SVID that they connect with, against the bundle of its trust domain and nothing else. */
export class SvidAuthentication {
  constructor(private readonly parts: SvidAuthenticationParts) {}

  /**
   * `clientId` is the SPIFFE ID that the certificate must name. @param chain DER, the SVID first
   * @throws OAuthError invalid_client; DependencyUnavailable when the bundle cannot be had
   */
  async authenticate(clientId: string, chain: readonly Uint8Array[]): Promise<WorkloadIdentity> {
    const now = this.parts.clock.now();
    const authoritiesOf = (trustDomain: string) => this.#authoritiesOf(trustDomain);
    const svid = await verifyX509Svid(chain, { now, authoritiesOf }).catch((error: unknown) => {
      throw error instanceof SvidRejected ? unproven(error.message, error) : error;
    });
    if (svid.spiffeId !== clientId) throw unproven('client_id is not the SPIFFE ID of the SVID');
    const issuer = `spiffe://${svid.trustDomain}`;
    const subjectKind = this.parts.issuers.find(issuer)?.subjects ?? 'person';
    const claims = new Map([['sub', svid.spiffeId]]);
    return { issuer, subject: svid.spiffeId, subjectKind, claims, scopes: undefined };
  }

  async #authoritiesOf(trustDomain: string): Promise<readonly Uint8Array[] | undefined> {
    const registration = this.#registered(trustDomain);
    if (registration === undefined) return undefined;
    return (await this.parts.keys.current(registration)).x509Authorities;
  }

  #registered(trustDomain: string): IssuerRegistration | undefined {
    const issuer = this.parts.issuers.find(`spiffe://${trustDomain}`);
    if (issuer?.kind !== 'spiffe' || isOverdue(issuer, this.parts.clock.now())) return undefined;
    return issuer;
  }
}

const unproven = (detail: string, cause?: unknown): OAuthError =>
  new OAuthError('invalid_client', 'invalid_client', detail, { cause });
