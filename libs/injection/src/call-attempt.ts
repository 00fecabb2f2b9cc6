import { withoutCredentials } from '#events';
import { valuesOf } from './header-values.js';
import { type CallContext, type IncomingCall } from './incoming-call.js';

const USER_AGENT_CHARACTERS_MAX = 200;
const METHOD_CHARACTERS_MAX = 20;
/** What a fingerprint shows of the digest of what was presented. */
const FINGERPRINT_DIGITS = 32;

/** What is known of a call so far, for the event that it ends with if it is denied. */
export class CallAttempt {
  handleId: string | undefined;
  handleEnvironment: string | undefined;
  checksumOk = false;
  resource: string | undefined;
  #digest: string | undefined;

  constructor(
    private readonly incoming: Pick<IncomingCall, 'method' | 'rawHeaders'>,
    readonly context: CallContext,
  ) {}

  presented(digest: string, checksumOk: boolean): void {
    this.#digest = digest;
    this.checksumOk = checksumOk;
  }

  get handleFingerprint(): string | undefined {
    return this.#digest?.slice(0, FINGERPRINT_DIGITS);
  }

  get method(): string {
    return (this.incoming.method ?? '').slice(0, METHOD_CHARACTERS_MAX);
  }

  /** As events carry it. */
  get userAgent(): string | undefined {
    const [text] = valuesOf(this.incoming.rawHeaders, 'user-agent');
    return text === undefined ? undefined : withoutCredentials(text, USER_AGENT_CHARACTERS_MAX);
  }
}
