import {
  type Handle,
  HandleExpired,
  type HandleLife,
  type HandleLookup,
  HandleSuspended,
  parseHandle,
} from '#handles';
import { type CallDenialReason } from '#events';
import { type Clock, DependencyUnavailable, type Digest, PosternError } from '#kernel';
import { type CallAttempt } from './call-attempt.js';
import { CallDenied } from './call-denied.js';

export interface HandleCheckParts {
  readonly handles: HandleLookup;
  /** The one of this process. */
  readonly life: HandleLife;
  readonly clock: Clock;
  /** The one that this deployment serves. */
  readonly environment: string;
}

/** From what was presented to the live handle that it is. Every refusal but two looks the same to the caller. */
export class HandleCheck {
  constructor(private readonly parts: HandleCheckParts) {}

  /** @throws CallDenied */
  async check(presented: string, attempt: CallAttempt): Promise<Handle> {
    const digest = this.#digestOf(presented, attempt);
    const handle = await this.#find(digest);
    if (handle === undefined) throw refused('unknown', 'no handle has this digest');
    attempt.handleId = handle.id;
    // The store may be shared, and a prefix can be made up: what was issued counts.
    if (handle.environment !== this.parts.environment) throw this.#foreign(handle.environment);
    try {
      this.parts.life.assertUsable(handle, this.parts.clock.now());
    } catch (error) {
      throw unusable(error);
    }
    return handle;
  }

  /** From the prefix alone, before any look-up. */
  #digestOf(presented: string, attempt: CallAttempt): Digest {
    const parsed = parseHandle(presented);
    attempt.presented(parsed.digest, parsed.kind === 'handle');
    if (parsed.kind === 'malformed') {
      throw refused('malformed', 'no well-formed handle, or its checksum is wrong');
    }
    attempt.handleEnvironment = parsed.environment;
    if (parsed.environment !== this.parts.environment) throw this.#foreign(parsed.environment);
    return parsed.digest;
  }

  #foreign(environment: string): CallDenied {
    return new CallDenied({
      code: 'wrong-environment',
      reason: 'env_mismatch',
      detail: `a handle of environment ${environment} was used in ${this.parts.environment}`,
      severity: 'ERROR',
    });
  }

  async #find(digest: Digest): Promise<Handle | undefined> {
    try {
      return await this.parts.handles.findByDigest(digest);
    } catch (error) {
      throw new CallDenied(
        {
          code: 'dependency-unavailable',
          reason: 'dependency_unavailable',
          detail: `handles cannot be looked up: ${causeOf(error)}`,
        },
        { cause: error },
      );
    }
  }
}

const refused = (reason: CallDenialReason, detail: string, cause?: unknown): CallDenied =>
  new CallDenied({ code: 'invalid_token', reason, detail }, { cause });

function unusable(error: unknown): CallDenied {
  const detail = causeOf(error);
  if (error instanceof HandleExpired) return refused('expired', detail, error);
  if (error instanceof HandleSuspended) return refused('suspended', detail, error);
  return refused('revoked', detail, error);
}

const causeOf = (error: unknown): string => {
  if (error instanceof DependencyUnavailable) return `${error.dependency} is unavailable`;
  return error instanceof PosternError ? error.message : 'unexpected failure';
};
