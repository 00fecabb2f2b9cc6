import {
  type CredentialUse,
  type ManagedCredentials,
  type PinnedCredentials,
  type VersionChoice,
  type WaitTerms,
} from '#credentials';
import { type PosternError } from '#kernel';
import { type ActiveCall } from './active-call.js';
import { CallFailed } from './call-failed.js';
import { type CallerResponse } from './incoming-call.js';
import { type HeldSession, type PreparedCredential } from './injectors/prepared-credential.js';
import { type PreparedCredentials } from './injectors/prepared-credentials.js';
import { SessionNotOpened } from './sessions/session-opener.js';
import { TokenNotGiven } from './token-source.js';

export interface ManagedCallsParts {
  readonly managed: ManagedCredentials;
  readonly versions: Pick<PinnedCredentials, 'version' | 'peekVersion'>;
  readonly prepared: PreparedCredentials;
  /** Hears that a call was sent once more. Must not throw. */
  readonly resent?: ((what: 'current' | 'fallback') => void) | undefined;
}

/** A call under way, and where its answer goes. */
export interface ManagedCall {
  readonly call: ActiveCall;
  readonly response: Pick<CallerResponse, 'destroyed'>;
}

/** RFC 9110 section 15.5.2. */
const REFUSALS_UNSAID: readonly number[] = [401];

/**
 * Calls whose credential is managed: from the admission to the end each of them has one version, by which it is counted
 * and which is put on it. What is refused is looked at once: the census is asked anew, and the call goes on with the version
 * that is current by now, or else with the one to fall back on; a call never has a third version, nor one for the second
 * time.
 */
export class ManagedCalls {
  constructor(private readonly parts: ManagedCallsParts) {}

  /** It begins; undefined: its credential is not managed. @throws CredentialWithheld, CallFailed, what the store throws */
  async begin(managed: ManagedCall): Promise<PreparedCredential | undefined> {
    const { call } = managed;
    const { secretRef } = call.permitted.resource;
    call.use = await this.parts.managed.admit(secretRef, termsOf(managed));
    return call.use === undefined ? undefined : this.#opened(managed);
  }

  /** Whether this status says that the legacy system does not take what is on the call. */
  isRefusal({ call }: ManagedCall, status: number): boolean {
    if (call.use === undefined) return false;
    const { rotation } = call.permitted.resource;
    return (rotation?.refusals ?? REFUSALS_UNSAID).includes(status);
  }

  /** It was refused, and cannot be sent again. */
  gaveUp(managed: ManagedCall, status: number | undefined): void {
    const refusal = refusalOf(managed, status);
    if (refusal !== undefined) this.parts.managed.refused({ ...refusal, fallbackWorked: false });
  }

  /**
   * It was refused, and may be sent once more: with what. Undefined: it is told to the census, and the refusal counts.
   * Rejects with nothing.
   */
  async afterRefusal(
    managed: ManagedCall,
    status: number | undefined,
  ): Promise<PreparedCredential | undefined> {
    const { call } = managed;
    const refusal = refusalOf(managed, status);
    if (call.use === undefined || refusal === undefined) return undefined;
    const isFirst = call.refusedVersion === undefined;
    const what = isFirst
      ? await this.#another(managed, call.use).catch(() => undefined)
      : undefined;
    if (what === undefined) {
      this.parts.managed.refused({ ...refusal, fallbackWorked: false });
      return undefined;
    }
    call.refusedVersion = refusal.version;
    if (what === 'fallback') call.openRefusal = refusal;
    return this.#otherCredential(managed, what);
  }

  /** An answer ended the session: the one in its place, of the version that is current by now. @throws PosternError */
  async renewed(
    managed: ManagedCall,
    { session, version }: { readonly session: HeldSession; readonly version: number },
  ): Promise<PreparedCredential> {
    const { use } = managed.call;
    if (use === undefined) return session.renewed();
    const current: VersionChoice = (row) => row?.currentVersion ?? use.version;
    await this.parts.managed.admitAgain(use, current, termsOf(managed));
    return this.#opened(managed, use.version === version ? session : undefined);
  }

  /** The head of the answer to what was sent once more after a refusal. */
  concluded(managed: ManagedCall, status: number): void {
    const isRefused = this.isRefusal(managed, status);
    if (managed.call.openRefusal !== undefined) {
      this.#concludeFallback(managed.call, !isRefused && status < 500);
    } else if (isRefused) this.gaveUp(managed, status);
  }

  /** The call has ended, however it did. */
  left(call: ActiveCall): void {
    if (call.use === undefined) return;
    this.#concludeFallback(call, false);
    call.use.leave();
  }

  /** Which version is tried after the one that was refused. @throws DependencyUnavailable, CredentialWithheld, CallFailed */
  async #another(
    managed: ManagedCall,
    use: CredentialUse,
  ): Promise<'current' | 'fallback' | undefined> {
    const refused = use.version;
    let what: 'current' | 'fallback' | undefined;
    await this.parts.managed.askAnew();
    const chosen = await this.parts.managed.admitAgain(
      use,
      (row) => {
        what = row?.currentVersion === refused ? 'fallback' : 'current';
        const version = what === 'current' ? row?.currentVersion : row?.fallbackVersion;
        return version === refused ? undefined : version;
      },
      termsOf(managed),
    );
    return chosen === undefined ? undefined : what;
  }

  async #otherCredential(
    managed: ManagedCall,
    what: 'current' | 'fallback',
  ): Promise<PreparedCredential | undefined> {
    const { call } = managed;
    try {
      const credential = await this.#credentialOf(call);
      // Who opened a session has been let in: what the calls of it are answered says nothing of the secret.
      if (credential.session !== undefined) this.#concludeFallback(call, true);
      this.parts.resent?.(what);
      return credential;
    } catch (error) {
      if (call.openRefusal !== undefined) this.#concludeFallback(call, false);
      else if (isLoginRefused(error)) this.gaveUp(managed, undefined);
      call.use?.answered(); // Nothing is sent with it.
      return undefined;
    }
  }

  /** A login that is refused is no attempt of the call: it may be made with another version. */
  async #opened(managed: ManagedCall, session?: HeldSession): Promise<PreparedCredential> {
    try {
      return await (session?.renewed() ?? this.#credentialOf(managed.call));
    } catch (error) {
      if (!isLoginRefused(error)) throw error;
      const other = await this.afterRefusal(managed, undefined);
      if (other === undefined) throw error;
      return other;
    }
  }

  async #credentialOf({ use, permitted }: ActiveCall): Promise<PreparedCredential> {
    const { versions, prepared } = this.parts;
    const { resource, handle } = permitted;
    if (use === undefined) throw new TypeError('a call that was not admitted');
    const { ref, version } = use;
    const secret = versions.peekVersion(ref, version) ?? (await versions.version(ref, version));
    const ready = prepared.ofManaged(resource, secret);
    return ready.sessions === undefined ? ready.credential : ready.sessions.current(handle);
  }

  #concludeFallback(call: ActiveCall, fallbackWorked: boolean): void {
    if (call.openRefusal === undefined) return;
    this.parts.managed.refused({ ...call.openRefusal, fallbackWorked });
    call.openRefusal = undefined;
  }
}

const termsOf = ({ call, response }: ManagedCall): WaitTerms => ({
  over: (): PosternError | undefined =>
    call.cutBy ?? (response.destroyed ? callerGone() : undefined),
});

export const callerGone = (): CallFailed =>
  new CallFailed('caller-gone', 'client_abort', 'the caller went away before the call');

const refusalOf = (
  { call }: ManagedCall,
  status: number | undefined,
): ActiveCall['openRefusal'] => {
  if (call.use === undefined) return undefined;
  const { ref, version } = call.use;
  return { ref, version, status, callId: call.start.callId };
};

const isLoginRefused = (error: unknown): boolean =>
  (error instanceof SessionNotOpened || error instanceof TokenNotGiven) && error.isRefused;
