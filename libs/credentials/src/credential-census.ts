import { type SecretRef } from './secret-ref.js';
import { type ManagedCredential } from './managed-credential.js';

/** What one instance does with one version. */
export interface VersionUse {
  readonly version: number;
  /** Calls under way. */
  readonly open: number;
  /** Those of them whose answer has not begun: the legacy system may still have to judge the credential. */
  readonly unanswered: number;
  /** Calls that began in the last 60 seconds. */
  readonly recent: number;
}

/** How one instance stands to one credential. */
export interface CredentialReport {
  readonly ref: SecretRef;
  /** `serial` of what the instance acts by. */
  readonly serial: number;
  /**
   * Holds back every call that would begin, and will until it has reported otherwise and was answered that the gate is
   * `quiescing` still, or `open`.
   */
  readonly holding: boolean;
  readonly uses: readonly VersionUse[];
}

export interface InstanceReport {
  readonly instanceId: string;
  readonly credentials: readonly CredentialReport[];
}

/** A legacy system did not take a version that was put on a call. */
export interface CredentialRefusal {
  readonly ref: SecretRef;
  readonly version: number;
  /** HTTP status; undefined where a session could not be opened. */
  readonly status: number | undefined;
  readonly callId: string;
  /** The same call was accepted with the fallback version. */
  readonly fallbackWorked: boolean;
}

/** An instance whose last report is older than this counts as gone. */
export const INSTANCE_GONE_MS = 5_000;
/**
 * For so long after it asked, an instance may begin calls by what it was answered. Less than INSTANCE_GONE_MS, so that one
 * that counts as gone begins none.
 */
export const CENSUS_VALID_MS = 2_000;

/**
 * Where instances of the proxy tell what they do, and learn which versions count. May be called at once by many. A report
 * and a change of the gate exclude each other: whoever closes the gate sees the report, or the reporter the closed gate.
 */
export abstract class CredentialCensus {
  /** Replaces what the instance said before, and answers with all managed credentials. @throws DependencyUnavailable */
  abstract report(report: InstanceReport): Promise<readonly ManagedCredential[]>;

  /**
   * Records refusals, opens the breaker where they ask for it, and answers with the credentials that they are of. See
   * docs/rotation.md. @throws DependencyUnavailable
   */
  abstract refused(refusals: readonly CredentialRefusal[]): Promise<readonly ManagedCredential[]>;

  /** The instance begins no more calls and has none under way. @throws DependencyUnavailable */
  abstract leave(instanceId: string): Promise<void>;
}
