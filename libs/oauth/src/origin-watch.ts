import { type Clock, DependencyUnavailable } from '#kernel';
import {
  isOverdue,
  type IssuerRegistry,
  KeySetInvalid,
  type KeySource,
  VerificationKeys,
} from '#identity';
import { type GrantSource } from '#policy';
import { type HandleOrigin, type HandleSelector, type HandleStore } from '#handles';
import { type RevokeHandles } from './revoke-handles.js';

export interface OriginWatchParts {
  readonly handles: HandleStore;
  readonly revokeHandles: RevokeHandles;
  readonly issuers: IssuerRegistry;
  readonly keys: KeySource;
  readonly grants: GrantSource;
  readonly clock: Clock;
}

interface Ended {
  readonly selector: HandleSelector;
  readonly reason: string;
}

/**
 * Revokes handles whose ground is gone: an issuer that is not registered or overdue, a key that its issuer removed, a
 * grant that was taken away, edited or is overdue. Proxies know of no grants: to them this is what ends such a handle.
 */
export class OriginWatch {
  constructor(private readonly parts: OriginWatchParts) {}

  /** Resolves to how many handles were revoked. Many processes may do so at once. @throws DependencyUnavailable */
  async check(): Promise<number> {
    const origins = await this.parts.handles.origins(this.parts.clock.now());
    const ended = (await Promise.all(origins.map((origin) => this.#ended(origin)))).flat();
    const distinct = new Map(ended.map((one) => [JSON.stringify(one.selector), one]));
    let revoked = 0;
    for (const { selector, reason } of distinct.values()) {
      const order = { selector, reason, initiator: 'policy' as const, initiatorId: undefined };
      const handles = await this.parts.revokeHandles.revoke({ ...order, correlationId: 'policy' });
      revoked += handles.length;
    }
    return revoked;
  }

  async #ended(origin: HandleOrigin): Promise<Ended[]> {
    return [
      ...this.#endedGrant(origin),
      ...this.#endedIssuer(origin),
      ...(await this.#removedKey(origin)),
    ];
  }

  #endedGrant({ grantId: id, grantDigest }: HandleOrigin): Ended[] {
    const grant = this.parts.grants.current().grants.find((one) => one.id === id);
    if (grant === undefined || isOverdue(grant, this.parts.clock.now())) {
      return [{ selector: { scope: 'grant', id }, reason: 'the grant is gone or overdue' }];
    }
    if (grant.digest === grantDigest) return [];
    const selector = { scope: 'grant', id, exceptDigest: grant.digest } as const;
    return [{ selector, reason: 'the grant was edited' }];
  }

  #endedIssuer({ issuer: id }: HandleOrigin): Ended[] {
    const issuer = this.parts.issuers.find(id);
    if (issuer !== undefined && !isOverdue(issuer, this.parts.clock.now())) return [];
    return [{ selector: { scope: 'issuer', id }, reason: 'the issuer is gone or overdue' }];
  }

  /** While the keys cannot be had nothing is known of a removal, and no new token of theirs is accepted either. */
  async #removedKey({ issuer: iss, keyId: id }: HandleOrigin): Promise<Ended[]> {
    const issuer = this.parts.issuers.find(iss);
    if (id === undefined || issuer === undefined || issuer.kind === 'introspection') return [];
    try {
      const keys = VerificationKeys.of(await this.parts.keys.current(issuer));
      if (keys.knows(id)) return [];
    } catch (error) {
      if (error instanceof DependencyUnavailable || error instanceof KeySetInvalid) return [];
      throw error;
    }
    return [{ selector: { scope: 'key', id, issuer: iss }, reason: 'its issuer removed the key' }];
  }
}
