import { receivedValuesOf } from '../header-values.js';
import { type Injection } from '../injection.js';
import { authParameters } from './auth-challenges.js';
import {
  type AcceptedDigests,
  type DigestChallenge,
  strongestChallenge,
} from './digest-challenge.js';
import { type DigestAccount, DigestSession } from './digest-session.js';
import { type AnswerHead, type Injector, type OutgoingDraft } from './injector.js';
import { NonceCounts } from './nonce-counts.js';
import { secretField, type SecretFields } from './secret-field.js';

/** RFC 7616. The first call meets the challenge; those after it are authenticated at once. */
export function injectDigest(
  injection: Extract<Injection, { kind: 'digest' }>,
  fields: SecretFields,
): Injector {
  const username = secretField(fields, injection.username);
  const password = secretField(fields, injection.password);
  return new DigestInjector({ username, password }, injection);
}

class DigestInjector implements Injector {
  readonly holdsBody = true;
  #confidential: readonly string[];
  readonly #counts = new NonceCounts();
  /** The session that calls begin with; undefined until the destination has challenged. */
  #current: DigestSession | undefined;
  /** Which session a request went out with. */
  readonly #used = new WeakMap<OutgoingDraft, DigestSession>();

  constructor(
    private readonly account: DigestAccount,
    private readonly accepted: AcceptedDigests,
  ) {
    this.#confidential = [account.password];
  }

  /** With what is as good as the password in the realms that were met: a destination has it too, and may show it. */
  get confidential(): readonly string[] {
    return this.#confidential;
  }

  replaces(folded: string): boolean {
    return folded === 'authorization';
  }

  inject(draft: OutgoingDraft): void {
    const session = this.#current;
    if (session === undefined || !covers(session.challenge, draft)) return;
    this.#used.set(draft, session);
    this.#put(session, draft);
  }

  answered(answer: AnswerHead, draft: OutgoingDraft): Injector | undefined {
    const used = this.#used.get(draft);
    if (answer.status !== 401) {
      if (used !== undefined) this.#follow(used, answer);
      return undefined;
    }
    const challenge = strongestChallenge(
      receivedValuesOf(answer.rawHeaders, 'www-authenticate'),
      this.accepted,
    );
    const refused = used !== undefined && used.challenge.nonce === challenge?.nonce;
    if (challenge === undefined || (refused && !challenge.stale)) {
      this.#forget(used);
      return undefined;
    }
    const session = DigestSession.begin(this.account, challenge);
    this.#keepConfidential(session.passwordDigest);
    this.#current = session;
    return this.#secondAttempt(session);
  }

  #keepConfidential(passwordDigest: string): void {
    const [password = '', ...digests] = this.#confidential;
    if (digests.includes(passwordDigest)) return;
    this.#confidential = [password, passwordDigest, ...digests.slice(0, REALMS_MAX - 1)];
  }

  #secondAttempt(session: DigestSession): Injector {
    return {
      confidential: this.confidential,
      holdsBody: true,
      replaces: (folded) => this.replaces(folded),
      inject: (draft) => {
        this.#put(session, draft);
      },
      // Refused with a nonce that was fresh: the account is what is refused. The next call asks for a challenge first,
      // so that each call costs one failed login, not two.
      concluded: (answer) => {
        if (answer.status === 401) this.#forget(session);
        else this.#follow(session, answer);
      },
    };
  }

  #put(session: DigestSession, draft: OutgoingDraft): void {
    draft.headers.push('authorization', session.authorization(draft, this.#counts));
  }

  /** RFC 7616 section 3.5: the destination may say which nonce it wants next. */
  #follow(session: DigestSession, answer: AnswerHead): void {
    const [value, ...others] = receivedValuesOf(answer.rawHeaders, 'authentication-info');
    const next = value === undefined ? undefined : authParameters(value).get('nextnonce');
    if (next === undefined || next === '' || next.length > NONCE_BYTES_MAX) return;
    if (others.length === 0) this.#current = session.withNonce(next);
  }

  #forget(session: DigestSession | undefined): void {
    if (this.#current === session) this.#current = undefined;
  }
}

/** Realms of one destination; a search for their digests is made with each new one. */
const REALMS_MAX = 8;
/** As of a challenge. */
const NONCE_BYTES_MAX = 1024;

/**
 * RFC 7616 section 3.3: outside of the protection space nothing is sent before it is asked for. Of an absolute URI the
 * path counts: the connection goes to the registered origin whatever it says.
 */
function covers({ domain }: DigestChallenge, { path }: OutgoingDraft): boolean {
  if (domain.length === 0) return true;
  return domain.some((uri) => path.startsWith(uri.replace(/^https?:\/\/[^/]*/i, '') || '/'));
}
