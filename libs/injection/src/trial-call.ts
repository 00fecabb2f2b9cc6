import { PosternError, type Secret } from '#kernel';
import { canonicalRequest, PROXY_PREFIX } from './canonical-request.js';
import { CredentialFieldMissing, CredentialUnusable } from './injectors/credential-unusable.js';
import { type AnswerHead, type Injector } from './injectors/injector.js';
import { type InjectorPorts } from './injectors/injector-for.js';
import { openerFor, opensSession, type SessionPorts } from './injectors/opener-for.js';
import { PreparedCredential } from './injectors/prepared-credential.js';
import { finished, outgoingDraft, type OutgoingParts } from './outgoing-request.js';
import { type ProxiedResource } from './proxied-resource.js';
import { SecondAttempt } from './relay/second-attempt.js';
import { watched } from './relay/watched-answer.js';
import { isSilentOnValue } from './silent-status.js';
import { type OpenedSession, SessionNotOpened } from './sessions/session-opener.js';
import { TokenNotGiven } from './token-source.js';
import { HeadSink } from './trial-answer.js';
import { type TrialBody, trialBody } from './trial-body.js';
import { TrialUpstream } from './trial-upstream.js';
import { UpstreamFailed, type UpstreamResponseSink } from './upstream.js';

/** What is asked with a value that calls do not use. */
export interface TrialRequest {
  readonly method: string;
  /** Below the destination of the resource, as a caller would write it; with its query. */
  readonly path: string;
  /** Undefined: none, but what an injection that writes into the body needs. */
  readonly body?: TrialBody;
}

/** `what` is in words of our own: it repeats nothing of the value, of the request or of an answer. */
export type TrialAnswer =
  | { readonly kind: 'answered'; readonly status: number }
  /** The value opens no session, or none that lasts; or it cannot be put on a call at all. */
  | { readonly kind: 'refused'; readonly what: string }
  /** Nothing is known of the value. */
  | { readonly kind: 'unreachable'; readonly what: string };

export interface TrialParts {
  readonly resource: ProxiedResource;
  readonly fields: ReadonlyMap<string, Secret>;
  /** No request goes on for longer. A token endpoint has its own limit besides. */
  readonly endBy: Date;
}

/** A trial is of a version of its own: no connection of calls is used for it, when `upstream` is used for nothing else. */
const TRIAL_VERSION = 1;

/**
 * Calls of Postern's own with one value, which is put on as the resource has it for all calls: in its header, by the
 * answer to a challenge, in a session that is opened first. Only the status of an answer counts.
 */
export class TrialCall {
  readonly #upstream: TrialUpstream;
  #credential: PreparedCredential | undefined;
  #session: OpenedSession | undefined;

  constructor(
    private readonly parts: TrialParts,
    private readonly ports: InjectorPorts & SessionPorts,
  ) {
    this.#upstream = new TrialUpstream(ports.upstream, ports.clock, parts.endBy);
  }

  /** Opens the session first where the resource needs one. Never rejects. */
  async send(request: TrialRequest): Promise<TrialAnswer> {
    try {
      this.#credential ??= await this.#prepared();
      const answer = await this.#exchange(this.#credential, request);
      return this.#session?.endedBy(answer) === true
        ? { kind: 'refused', what: `the session is not taken (${answer.status})` }
        : { kind: 'answered', status: answer.status };
    } catch (error) {
      return this.#meaningOf(error);
    }
  }

  /** Ends the session, as far as that can be done. Never rejects. */
  async end(): Promise<void> {
    await this.#session?.close?.();
  }

  async #prepared(): Promise<PreparedCredential> {
    const { resource, fields, endBy } = this.parts;
    const { injection, scrub, secretRef: ref } = resource;
    const secret = { ref, version: TRIAL_VERSION, fields };
    if (!opensSession(injection)) {
      return PreparedCredential.prepare({ injection, scrub }, secret, this.ports);
    }
    const ports = { ...this.ports, upstream: this.#upstream };
    const opener = openerFor(injection, { resource, secret }, ports);
    const session = await opener.open({ expiresAt: endBy });
    this.#session = session;
    return PreparedCredential.ofSession(
      {
        ...{ version: TRIAL_VERSION, scrub },
        ...{ injector: session.injector, confidential: opener.confidential },
      },
      { endedBy: (answer) => session.endedBy(answer), renewed: neverRenewed },
    );
  }

  async #exchange(credential: PreparedCredential, request: TrialRequest): Promise<AnswerHead> {
    const { injector } = credential;
    const parts = this.#outgoing(credential, request);
    const draft = outgoingDraft(parts, injector);
    await injector.inject(draft);
    const outgoing = finished(parts, draft);
    return new Promise((resolve, reject) => {
      const sink = new HeadSink(resolve, reject);
      const attempt = new SecondAttempt({
        sink,
        again: (status, rawHeaders) => {
          const next = injector.answered?.({ status, rawHeaders }, draft);
          return next === undefined ? undefined : this.#secondAttempt(parts, next);
        },
      });
      sink.controller = attempt.begin((first) => this.#upstream.send(outgoing, first));
    });
  }

  #secondAttempt(parts: OutgoingParts, injector: Injector) {
    const draft = outgoingDraft(parts, injector);
    void injector.inject(draft); // Of a second attempt it injects at once.
    const outgoing = finished(parts, draft);
    return (sink: UpstreamResponseSink) => this.#upstream.send(outgoing, watched(sink, injector));
  }

  #outgoing(credential: PreparedCredential, trial: TrialRequest): OutgoingParts {
    const { method, path } = trial;
    const { resource } = this.parts;
    const url = `${PROXY_PREFIX}${resource.id}${path}`;
    const request = canonicalRequest(
      { method, url, rawHeaders: ['host', 'postern'], httpVersion: '1.1' },
      () => resource.pathExceptions,
    );
    const body = trial.body ?? trialBody(resource.injection, method);
    return {
      permitted: { request, resource, protocol: undefined },
      rawHeaders: ['accept', '*/*', ...(body?.headers ?? [])],
      ...{ credential, body: undefined, heldBody: body?.bytes },
    };
  }

  #meaningOf(error: unknown): TrialAnswer {
    if (error instanceof UpstreamFailed) return unreachable(error.condition);
    if (error instanceof SessionNotOpened) return this.#loginFailed();
    if (error instanceof TokenNotGiven) {
      return error.isRefused
        ? { kind: 'refused', what: 'the token endpoint refuses the client' }
        : unreachable('the token endpoint gave no token');
    }
    if (error instanceof CredentialUnusable || error instanceof CredentialFieldMissing) {
      return { kind: 'refused', what: 'the value cannot be put on a call' };
    }
    // The request is not one that the injection is for: that says nothing of the value.
    const code = error instanceof PosternError ? error.code : 'unexpected failure';
    return unreachable(`the check cannot be made (${code})`);
  }

  /** Only an answer to the form itself, which is posted, says something of the account. */
  #loginFailed(): TrialAnswer {
    const { last } = this.#upstream;
    if (last?.status === undefined) return unreachable(last?.failure ?? 'the login was not sent');
    const what = `the login was answered ${last.status}`;
    const isRefused = last.method === 'POST' && !isSilentOnValue(last.status);
    return isRefused ? { kind: 'refused', what } : unreachable(what);
  }
}

const unreachable = (what: string): TrialAnswer => ({ kind: 'unreachable', what });

const neverRenewed = (): Promise<never> =>
  Promise.reject(new SessionNotOpened('a trial opens one session'));
