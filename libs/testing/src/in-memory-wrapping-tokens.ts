import { randomBytes } from 'node:crypto';
import { SecretStoreUnavailable } from '#credentials';
import { type Clock, Secret } from '#kernel';
import { type SecretFields, type Unwrapped, type WrapLookup, WrappingTokens } from '#rotation';

interface Wrap extends WrapLookup {
  readonly fields: SecretFields;
}

/** Wrapping tokens in memory: what an administrator does with them, and what goes wrong with them. */
export class InMemoryWrappingTokens extends WrappingTokens {
  readonly #wraps = new Map<string, Wrap>();
  #condition: SecretStoreUnavailable['condition'] | undefined;
  #losesAnswer = false;

  /** Calls of each method so far, those that failed too. */
  readonly calls = { lookUp: 0, unwrap: 0 };

  constructor(private readonly clock: Clock) {
    super();
  }

  /** Wraps a value now, as the answer of a read of `creationPath`. */
  wrap(
    fields: SecretFields,
    terms: { readonly creationPath: string; readonly ttlSeconds?: number },
  ): Secret {
    return this.#keep({
      fields: new Map(fields),
      creationPath: terms.creationPath,
      createdAt: this.clock.now(),
      ttlSeconds: terms.ttlSeconds ?? 300,
    });
  }

  /** As `sys/wrapping/rewrap`: the token is used up, another holds the same value, with the same path and created now. */
  rewrap(wrappingToken: Secret): Secret {
    const wrap = this.#find(wrappingToken);
    if (wrap === undefined) throw new Error('no such wrapping token to wrap anew');
    this.#wraps.delete(wrappingToken.reveal());
    return this.#keep({ ...wrap, createdAt: this.clock.now() });
  }

  /** From now on every call fails in this way; undefined ends it. */
  failWith(condition: SecretStoreUnavailable['condition'] | undefined): void {
    this.#condition = condition;
  }

  /** The next token that is used up gives nothing: its answer gets lost on the way. */
  loseNextAnswer(): void {
    this.#losesAnswer = true;
  }

  override async lookUp(wrappingToken: Secret): Promise<WrapLookup | undefined> {
    this.calls.lookUp += 1;
    this.#admit();
    const wrap = this.#find(wrappingToken);
    if (wrap === undefined) return undefined;
    const { creationPath, createdAt, ttlSeconds } = wrap;
    return { creationPath, createdAt, ttlSeconds };
  }

  override async unwrap(wrappingToken: Secret): Promise<Unwrapped> {
    this.calls.unwrap += 1;
    this.#admit();
    const wrap = this.#find(wrappingToken);
    if (wrap === undefined) return { failed: 'unknown' };
    this.#wraps.delete(wrappingToken.reveal());
    if (!this.#losesAnswer) return { fields: wrap.fields };
    this.#losesAnswer = false;
    return { failed: 'lost' };
  }

  #keep(wrap: Wrap): Secret {
    const wrappingToken = `hvs.${randomBytes(18).toString('base64url')}`;
    this.#wraps.set(wrappingToken, wrap);
    return Secret.of(wrappingToken);
  }

  #find(wrappingToken: Secret): Wrap | undefined {
    const wrap = this.#wraps.get(wrappingToken.reveal());
    if (wrap === undefined) return undefined;
    const endsAt = wrap.createdAt.getTime() + wrap.ttlSeconds * 1000;
    return this.clock.now().getTime() < endsAt ? wrap : undefined;
  }

  #admit(): void {
    if (this.#condition === undefined) return;
    throw new SecretStoreUnavailable(
      this.#condition,
      `the in-memory store is told to be ${this.#condition}`,
    );
  }
}
