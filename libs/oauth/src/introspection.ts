import { epochSeconds } from '#kernel';
import { type Handle } from '#handles';
import { LiveHandles, type LiveHandlesParts } from './live-handles.js';

/** RFC 7662 section 2.2. An inactive handle gives `active: false` and nothing else, whatever the cause. */
export type IntrospectionResult =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly handle: Handle;
      /** Seconds since 1970. */
      readonly exp: number;
      /** Seconds since 1970. */
      readonly iat: number;
    };

export type IntrospectionParts = LiveHandlesParts;

/** Tells a resource server whether a handle is good now. Every check is made again (RFC 7662 section 4). */
export class Introspection {
  readonly #live: LiveHandles;

  constructor(parts: IntrospectionParts) {
    this.#live = new LiveHandles(parts);
  }

  /** @throws DependencyUnavailable */
  async introspect(presented: string): Promise<IntrospectionResult> {
    const handle = await this.#live.find(presented);
    if (handle === undefined) return { active: false };
    const [exp, iat] = [epochSeconds(handle.expiresAt), epochSeconds(handle.issuedAt)];
    return { active: true, handle, exp, iat };
  }
}
