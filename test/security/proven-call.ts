import { type Handle } from '#handles';
import { secondsAfter } from '#kernel';
import { athOf, DpopKey, TEST_ORIGIN } from '#testing';
import { type Answer, CallPath, type CallPathOptions, send } from './call-path.js';

export const TARGET = '/proxy/ledger/accounts/42';
const LIFE_SECONDS = 300;
/** Denials of one kind are summed up within it. */
const SUM_SECONDS = 1;

type Claims = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string | string[]>>;

/** A workload at the proxy with a handle that is bound to its key. */
export class ProvenCall {
  private constructor(
    readonly path: CallPath,
    readonly key: DpopKey,
  ) {}

  /** Its bound handle, in plaintext. */
  handle = '';

  static async start(options: CallPathOptions = {}): Promise<ProvenCall> {
    const path = await CallPath.start(options);
    const key = await DpopKey.create({ clock: path.parts.clock });
    const call = new ProvenCall(path, key);
    await call.renew();
    return call;
  }

  /** Gives the workload a fresh handle in the place of the one it has. */
  async renew(): Promise<void> {
    this.handle = await this.issue();
  }

  /** A handle in plaintext; by default bound to the key. */
  async issue(overrides: Partial<Handle> = {}): Promise<string> {
    const binding = { kind: 'dpop', jkt: this.key.jkt } as const;
    const expiresAt = secondsAfter(this.path.parts.clock.now(), LIFE_SECONDS);
    return (await this.path.parts.issue({ binding, expiresAt, ...overrides })).plaintext;
  }

  /** A proof for a GET of TARGET with the handle, with claims and header members replaced. */
  proof(claims: Claims = {}, header: Claims = {}, key = this.key): string {
    const ath = athOf(this.handle);
    return key.proof({ htm: 'GET', htu: TEST_ORIGIN + TARGET, ath, ...claims }, header);
  }

  /** Gets TARGET with the handle and these proofs, each a header of its own. */
  get(...proofs: readonly string[]): Promise<Answer> {
    return this.send({ authorization: `DPoP ${this.handle}`, DPoP: [...proofs] });
  }

  /** Gets TARGET with these headers. */
  send(headers: Headers, target = TARGET): Promise<Answer> {
    return send(this.path.port, target, { headers });
  }

  /**
   * Expects a refusal with this status and this code, and that nothing came of it: the destination saw nothing, no
   * secret was asked for, no call was counted, and one denial is on record. Resolves to the answer and to what operators
   * are told. The clock goes on by a second.
   */
  async refused(
    status: number,
    code: string,
    made: () => Promise<Answer>,
  ): Promise<Answer & { readonly detail: string }> {
    this.path.parts.clock.advance(SUM_SECONDS);
    const before = this.#touched();
    const denials = this.#denials().length;
    const answer = await made();
    expect([answer.status, answer.headers['postern-error']]).toEqual([status, code]);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(JSON.parse(answer.body)).toMatchObject({ status, code });
    expect(this.#touched()).toEqual(before);
    expect(this.#denials()).toHaveLength(denials + 1);
    const everything = JSON.stringify([answer, this.path.parts.journal.events]);
    expect(everything).not.toContain(this.handle);
    return { ...answer, detail: this.#denials().at(-1)!.detail };
  }

  /** Expects that the call reached the destination. */
  async taken(made: () => Promise<Answer>): Promise<Answer> {
    const before = this.path.backend.seen.length;
    const answer = await made();
    expect([answer.status, answer.body]).toEqual([200, 'ok']);
    expect(this.path.backend.seen).toHaveLength(before + 1);
    return answer;
  }

  stop(): Promise<void> {
    return this.path.stop();
  }

  #touched(): unknown {
    const { secrets, ledger } = this.path.parts;
    return [this.path.backend.seen.length, { ...secrets.calls }, ledger.started.length];
  }

  /** Without sums, which are written once a second, at any moment: the first denial of a second has an event of its own. */
  #denials() {
    const denied = this.path.parts.journal.of('dev.postern.call.denied.v1');
    return denied.filter(({ count }) => count === undefined);
  }
}
