import {
  isSilentOnValue,
  type ProxiedResource,
  type TokenSource,
  type TrialAnswer,
  TrialCall,
  type Upstream,
} from '#injection';
import { type Clock } from '#kernel';
import { CredentialProbe, type ProbeAnswer, PROBE_MS_MAX, type SecretFields } from '#rotation';
import { DestinationUpstream } from './destination-upstream.js';
import { HttpTokenSource, TOKEN_ANSWER_MS_MAX } from './http-token-source.js';

/** One call that is made with a value to find out what it is good for. */
export interface HttpCheck {
  readonly method: string;
  /** Below the destination, with its query. */
  readonly path: string;
  /** Statuses of which one must come; undefined: any that is no refusal. */
  readonly expect: readonly number[] | undefined;
}

export interface HttpCredentialProbeParts {
  readonly resource: ProxiedResource;
  /** At least one; the first is the login. */
  readonly checks: readonly HttpCheck[];
  /** Statuses with which the destination refuses a credential. */
  readonly refusals: readonly number[];
  readonly clock: Clock;
  /** Makes what one probe sends by, which is closed after it. Default: as calls go. */
  readonly openUpstream?: () => Upstream;
  readonly tokens?: TokenSource;
}

/** What is left for exchanges when a token endpoint has taken all of its time. */
const EXCHANGES_MS_MAX = PROBE_MS_MAX - TOKEN_ANSWER_MS_MAX;

/**
 * Tries values at an HTTP destination by calls of the kind that callers make: the same destination and guards, the same
 * injection. Each probe has connections and sessions of its own, so that none of another value can answer for it.
 */
export class HttpCredentialProbe extends CredentialProbe {
  readonly #tokens: TokenSource;

  constructor(private readonly parts: HttpCredentialProbeParts) {
    super();
    if (parts.checks.length === 0) throw new TypeError('a probe needs at least one check');
    this.#tokens = parts.tokens ?? new HttpTokenSource();
  }

  override login(fields: SecretFields): Promise<ProbeAnswer> {
    return this.#probe(fields, this.parts.checks.slice(0, 1));
  }

  override verify(fields: SecretFields): Promise<ProbeAnswer> {
    return this.#probe(fields, this.parts.checks);
  }

  async #probe(fields: SecretFields, checks: readonly HttpCheck[]): Promise<ProbeAnswer> {
    const { resource, clock, openUpstream = () => new DestinationUpstream() } = this.parts;
    const upstream = openUpstream();
    const endBy = new Date(clock.now().getTime() + EXCHANGES_MS_MAX);
    const trial = new TrialCall(
      { resource, fields, endBy },
      { clock, upstream, tokens: this.#tokens },
    );
    try {
      return await this.#firstFailure(trial, checks);
    } finally {
      // Neither is waited for: who asked has the answer, and both end by themselves.
      void trial.end().finally(() => upstream.close(0));
    }
  }

  /** Or the answer to the last one. */
  async #firstFailure(trial: TrialCall, checks: readonly HttpCheck[]): Promise<ProbeAnswer> {
    let answer: ProbeAnswer = { result: 'unreachable', detail: 'nothing was asked' };
    for (const check of checks) {
      answer = this.#judged(check, await trial.send(check));
      if (answer.result !== 'ok') break;
    }
    return answer;
  }

  #judged(check: HttpCheck, answer: TrialAnswer): ProbeAnswer {
    const { method, path } = check;
    const name = `${method} ${path.split('?', 1)[0] ?? ''}`;
    if (answer.kind === 'answered') {
      return { result: this.#resultOf(check, answer.status), detail: `${name}: ${answer.status}` };
    }
    const result = answer.kind === 'refused' ? 'fail' : 'unreachable';
    return { result, detail: `${name}: ${answer.what}` };
  }

  /** What is expected counts first: who expects a 503 has a reason. */
  #resultOf({ expect }: HttpCheck, status: number): ProbeAnswer['result'] {
    if (expect?.includes(status) === true) return 'ok';
    if (this.parts.refusals.includes(status)) return 'fail';
    if (isSilentOnValue(status)) return 'unreachable';
    return expect === undefined ? 'ok' : 'fail';
  }
}
