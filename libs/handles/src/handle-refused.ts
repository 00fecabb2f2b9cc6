import { Refusal } from '#kernel';
import { type Handle } from './handle.js';

/** The handle is known and not usable now. The caller is told the same for all of them. */
export abstract class HandleRefused extends Refusal {}

export class HandleExpired extends HandleRefused {
  override readonly code = 'handle-expired';
}

export class HandleRevoked extends HandleRefused {
  override readonly code = 'handle-revoked';
}

export class HandleSuspended extends HandleRefused {
  override readonly code = 'handle-suspended';
}

/**
 * A handle is dead at the instant it expires.
 * @throws HandleRevoked, HandleSuspended, HandleExpired
 */
export function assertUsable(handle: Handle, now: Date): void {
  switch (handle.status) {
    case 'revoked':
      throw new HandleRevoked(`${handle.id} is revoked`);
    case 'suspended':
      throw new HandleSuspended(`${handle.id} is suspended`);
    case 'active':
      if (handle.expiresAt.getTime() <= now.getTime()) {
        throw new HandleExpired(`${handle.id} expired at ${handle.expiresAt.toISOString()}`);
      }
  }
}
