import {
  refText,
  SecretNotFound,
  type SecretRef,
  type SecretStore,
  SecretStoreUnavailable,
} from '#credentials';
import { type Secret } from '#kernel';
import {
  type IntakeKey,
  type IntakeKeys,
  type OpenedWrap,
  type RotatedSecrets,
  SealedWraps,
  type SecretFields,
} from '#rotation';
import { IntakeKeyPair } from './intake-key-pair.js';
import { wrapFingerprint, WrappingTokenRefused } from './wrap-sealing.js';

export interface RotatorIntakeParts {
  readonly store: SecretStore;
  readonly secrets: RotatedSecrets;
  /** Where the private half lies: a path of Postern's own, `rotator.intakeKey` in postern.yaml. */
  readonly ref: SecretRef;
  /** Where the public half is published. */
  readonly keys: IntakeKeys;
}

/** Of the secret: a private JWK (RFC 7517) as JSON. */
const FIELD = 'jwk';

/**
 * The rotators' half of the intake: the key pair to which wrapping tokens are sealed. The first rotator makes it, all
 * others read it; replaced in the store, it is read anew when a token comes that the known one does not fit.
 */
export class RotatorIntake extends SealedWraps {
  #pair: IntakeKeyPair | undefined;

  constructor(private readonly parts: RotatorIntakeParts) {
    super();
  }

  /**
   * Publishes the public half of the key pair, which is made when there is none. To be called at each start, until it
   * succeeds: before, nobody can hand over a wrapping token.
   * @throws SecretStoreUnavailable, DependencyUnavailable
   */
  async publish(): Promise<IntakeKey> {
    const { published } = await this.#load();
    await this.parts.keys.publish(published);
    return published;
  }

  override async open(sealedToken: string): Promise<OpenedWrap | undefined> {
    const pair = this.#pair?.isFor(sealedToken) === true ? this.#pair : await this.#load();
    const wrappingToken = await pair.open(sealedToken);
    return wrappingToken && opened(wrappingToken);
  }

  async #load(): Promise<IntakeKeyPair> {
    const stored = (await this.#read()) ?? (await this.#make());
    const pair = await IntakeKeyPair.of(stored);
    if (pair === undefined) {
      throw this.#refusal(`holds no P-256 private key as JSON in its field "${FIELD}"`);
    }
    this.#pair = pair;
    return pair;
  }

  /** Undefined: there is none that can be read. */
  async #read(): Promise<Secret | undefined> {
    const { store, ref } = this.parts;
    let fields: SecretFields;
    try {
      const { version } = await store.currentVersion(ref);
      ({ fields } = await store.read(ref, version));
    } catch (error) {
      if (error instanceof SecretNotFound) return undefined;
      throw error;
    }
    const stored = fields.get(FIELD);
    if (stored === undefined) throw this.#refusal(`has no field "${FIELD}"`);
    return stored;
  }

  /** Of several rotators that start at once the first writes; the others, refused, read what it wrote. */
  async #make(): Promise<Secret> {
    const made = await IntakeKeyPair.generate();
    const { secrets, ref } = this.parts;
    try {
      await secrets.write(ref, { after: 0, token: 'rotator-intake' }, new Map([[FIELD, made]]));
      return made;
    } catch (error) {
      const stored = await this.#read();
      if (stored !== undefined) return stored;
      if (error instanceof SecretStoreUnavailable) throw error;
      throw this.#refusal('was deleted: undelete it, or erase it with all its versions');
    }
  }

  #refusal(what: string): SecretStoreUnavailable {
    const { ref } = this.parts;
    return new SecretStoreUnavailable(
      'denied',
      `the intake key of the rotators at ${refText(ref)} (rotator.intakeKey in postern.yaml) ${what}`,
    );
  }
}

/** Undefined: somebody sealed something else. */
function opened(wrappingToken: Secret): OpenedWrap | undefined {
  try {
    return { wrappingToken, fingerprint: wrapFingerprint(wrappingToken) };
  } catch (error) {
    if (error instanceof WrappingTokenRefused) return undefined;
    throw error;
  }
}
