import { withoutCredentials } from '#events';
import { presentedTexts } from '#handles';
import { valuesOf } from './header-values.js';
import { type CallContext, type IncomingCall } from './incoming-call.js';

const USER_AGENT_CHARACTERS_MAX = 200;
const METHOD_CHARACTERS_MAX = 20;
/** What a fingerprint shows of the digest of what was presented. */
const FINGERPRINT_DIGITS = 32;

/** From where a call comes, as events carry it. */
export interface CallClient {
  readonly ip: string;
  readonly user_agent?: string;
}

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

  /** All that may be a handle or a password in it, in whatever form. */
  presentedTexts(): readonly string[] {
    return presentedTexts(valuesOf(this.incoming.rawHeaders, 'authorization'));
  }

  get method(): string {
    return (this.incoming.method ?? '').slice(0, METHOD_CHARACTERS_MAX);
  }

  get client(): CallClient {
    const { peerAddress: ip } = this.context;
    const [text] = valuesOf(this.incoming.rawHeaders, 'user-agent');
    if (text === undefined) return { ip };
    return { ip, user_agent: withoutCredentials(text, USER_AGENT_CHARACTERS_MAX) };
  }
}
