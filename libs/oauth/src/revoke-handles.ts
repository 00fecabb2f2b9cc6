import { type Handle } from '#handles';
import { ChangeHandles, type ChangeHandlesParts, type HandleOrder } from './change-handles.js';

export type RevocationOrder = Omit<HandleOrder, 'action' | 'receipt'>;

/** Revokes what a selector names, each handle with its event. Again: nothing more happens. */
export class RevokeHandles {
  readonly #changes: ChangeHandles;

  constructor(parts: ChangeHandlesParts) {
    this.#changes = new ChangeHandles(parts);
  }

  /** Resolves to the handles that this revoked. @throws DependencyUnavailable: then some may have been revoked. */
  async revoke(order: RevocationOrder): Promise<readonly Handle[]> {
    const outcome = await this.#changes.carryOut({ action: 'revoke', ...order });
    return outcome.kind === 'changed' ? outcome.handles : [];
  }
}
