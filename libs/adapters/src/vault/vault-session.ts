import { SecretStoreUnavailable } from '#credentials';
import { type Clock, type Secret } from '#kernel';
import { type VaultClient, type VaultRequest } from './vault-client.js';
import { logIn, renew, type VaultLease } from './vault-login.js';
import { type VaultReply } from './vault-reply.js';
import { type VaultAuth } from './vault-settings.js';

/** After a failed login, for this long the answer is the same error: a wrong secret id must not become a flood. */
const LOGIN_FAILURE_REMEMBERED_MS = 1_000;
const RENEWAL_SHARE_OF_TTL = 2 / 3;
const RENEWAL_DELAY_MS_MIN = 1_000;
/** A day; keeps the delay below what setTimeout can count. */
const RENEWAL_DELAY_MS_MAX = 86_400_000;
const RENEWAL_RETRY_MS = 5_000;

export interface VaultSessionTerms {
  readonly client: VaultClient;
  readonly auth: VaultAuth;
  readonly clock: Clock;
  readonly onProblem: (problem: SecretStoreUnavailable) => void;
}

/**
 * Our login at Vault: made at the first request, renewed at two thirds of its life, made anew when Vault no longer
 * knows it. At most one login is under way.
 */
export class VaultSession {
  readonly #terms: VaultSessionTerms;
  #token: Secret | undefined;
  #login: Promise<Secret> | undefined;
  #failure: { readonly problem: SecretStoreUnavailable; readonly untilMs: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(terms: VaultSessionTerms) {
    this.#terms = terms;
  }

  /** A read with our token. @throws SecretStoreUnavailable */
  get(path: string): Promise<VaultReply> {
    return this.send({ method: 'GET', path });
  }

  /**
   * A request with our token. A 403 means that the token died or that a policy denies, and in both cases that nothing was
   * done: in the first case it is sent once more, with a new login.
   * @throws SecretStoreUnavailable
   */
  async send(asked: Omit<VaultRequest, 'token'>): Promise<VaultReply> {
    const { client } = this.#terms;
    const token = this.#token ?? (await this.#signIn());
    const reply = await client.send({ ...asked, token });
    if (reply.status !== 403 || !this.#canSignIn) return reply;
    const lookup = await client.send({ method: 'GET', path: 'auth/token/lookup-self', token });
    if (lookup.status !== 403) return reply;
    // Another request may have seen the same and logged in already.
    const other = this.#token === token ? undefined : this.#token;
    return client.send({ ...asked, token: other ?? (await this.#signIn()) });
  }

  /** Stops renewing. The token ends by itself. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  get #canSignIn(): boolean {
    return this.#terms.auth.kind !== 'token';
  }

  #signIn(): Promise<Secret> {
    if (this.#login !== undefined) return this.#login;
    const waitMs = (this.#failure?.untilMs ?? 0) - this.#nowMs();
    if (this.#failure !== undefined && waitMs > 0 && waitMs <= LOGIN_FAILURE_REMEMBERED_MS) {
      return Promise.reject(this.#failure.problem);
    }
    this.#login = this.#newLogin().finally(() => {
      this.#login = undefined;
    });
    return this.#login;
  }

  async #newLogin(): Promise<Secret> {
    try {
      const lease = await logIn(this.#terms.client, this.#terms.auth);
      this.#failure = undefined;
      this.#token = lease.token;
      this.#renewInTime(lease, lease.ttlSeconds);
      return lease.token;
    } catch (error) {
      const problem = error as SecretStoreUnavailable;
      this.#failure = { problem, untilMs: this.#nowMs() + LOGIN_FAILURE_REMEMBERED_MS };
      throw problem;
    }
  }

  /** `fullTtlSeconds`: what the login gave. A renewal that gives much less is close to the end that Vault sets. */
  #renewInTime(lease: VaultLease, fullTtlSeconds: number): void {
    if (lease.ttlSeconds === 0 || !(lease.renewable || this.#canSignIn)) return;
    const dueMs = lease.ttlSeconds * RENEWAL_SHARE_OF_TTL * 1000;
    const delayMs = Math.min(Math.max(dueMs, RENEWAL_DELAY_MS_MIN), RENEWAL_DELAY_MS_MAX);
    this.#later(delayMs, () => this.#extend(lease, fullTtlSeconds));
  }

  async #extend(lease: VaultLease, fullTtlSeconds: number): Promise<void> {
    const renewed = lease.renewable ? await renew(this.#terms.client, lease.token) : undefined;
    // A login that was made meanwhile has its own timer.
    if (this.#token !== lease.token) return;
    const isEnding = renewed === undefined || renewed.ttlSeconds < fullTtlSeconds / 2;
    if (isEnding && this.#canSignIn) await this.#signIn();
    else if (renewed === undefined) this.#terms.onProblem(endOfGivenToken());
    else this.#renewInTime({ ...renewed, token: lease.token }, fullTtlSeconds);
  }

  #later(delayMs: number, work: () => Promise<unknown>): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      work().catch((error: unknown) => {
        this.#terms.onProblem(error as SecretStoreUnavailable);
        this.#later(RENEWAL_RETRY_MS, work);
      });
    }, delayMs).unref();
  }

  #nowMs(): number {
    return this.#terms.clock.now().getTime();
  }
}

const endOfGivenToken = (): SecretStoreUnavailable =>
  new SecretStoreUnavailable('denied', 'Vault does not renew VAULT_TOKEN any more: give another');
