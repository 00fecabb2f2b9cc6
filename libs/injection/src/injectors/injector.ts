import { foldedName } from '../header-names.js';

/** A request on its way out, as an injector sees and changes it. */
export interface OutgoingDraft {
  readonly method: string;
  /** Base path and judged path: what was judged is what is sent. */
  readonly path: string;
  /** Without its `?`. */
  query: string;
  /** Name, value, name, value ... in the order in which they are written. Framing headers are not among them. */
  headers: string[];
  /** The whole body, for an injector that holds it; else undefined, and what the caller sends is streamed. */
  body: Buffer | undefined;
}

/** The head of an answer, raw. */
export interface AnswerHead {
  readonly status: number;
  /** Names and values in the order received. */
  readonly rawHeaders: readonly Buffer[];
}

/** What the connection itself proves, in its handshake. All in PEM form. */
export interface TlsIdentity {
  /** The leaf first, then those that lead to its issuer. */
  readonly certificate: string;
  /** Not encrypted. */
  readonly key: string;
}

/**
 * Puts one version of a secret on the calls of one resource. It holds plaintext: it never leaves the injection but on the
 * way to the destination.
 */
export interface Injector {
  /** Every text that must not come back. */
  readonly confidential: readonly string[];
  /** It reads or writes the body, which is then held in memory as a whole: HELD_BODY_BYTES_MAX at most. */
  readonly holdsBody?: boolean;
  /** For connections that are made with this version of the secret, and with no other. */
  readonly tlsIdentity?: TlsIdentity;
  /** Whether a header of the caller (by its folded name) is one that is put on here: it is dropped before. */
  replaces(folded: string): boolean;
  /** A promise only where it cannot be done at once: the call waits for it before anything is sent. */
  inject(draft: OutgoingDraft): void | Promise<void>;
  /**
   * Looks at the head of the first answer: the injector of a second and last attempt, or undefined when the answer goes
   * to the caller. Only with `holdsBody`: what was streamed cannot be sent again. The injector that it gives injects at
   * once.
   */
  answered?(answer: AnswerHead, draft: OutgoingDraft): Injector | undefined;
  /** Of a second attempt: told of the head of its answer, which goes to the caller. Throws nothing. */
  concluded?(answer: AnswerHead): void;
}

/** An injector of one header. */
export const headerInjector = (
  name: string,
  value: string,
  confidential: readonly string[],
): Injector => {
  const folded = foldedName(name);
  return {
    confidential,
    replaces: (other) => other === folded,
    inject: ({ headers }) => void headers.push(name, value),
  };
};
