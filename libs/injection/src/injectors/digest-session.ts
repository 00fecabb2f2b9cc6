import { randomBytes } from 'node:crypto';
import { type DigestChallenge } from './digest-challenge.js';
import { digestOf, digestResponse } from './digest-response.js';
import { type OutgoingDraft } from './injector.js';
import { type NonceCounts } from './nonce-counts.js';

export interface DigestAccount {
  readonly username: string;
  readonly password: string;
}

interface SessionKey {
  /** One character a byte. */
  readonly username: string;
  /** H(username:realm:password): who has it can log in to this realm. */
  readonly passwordDigest: string;
  readonly ha1: string;
  /** Of a `-sess` algorithm. Servers differ in which of the client's nonces they mean, so there is one only. */
  readonly cnonce: string | undefined;
}

const CNONCE_BYTES = 16;

/** Answers of one account to one challenge (RFC 7616 section 3.4). */
export class DigestSession {
  private constructor(
    readonly challenge: DigestChallenge,
    private readonly key: SessionKey,
  ) {}

  static begin(account: DigestAccount, challenge: DigestChallenge): DigestSession {
    const { algorithm, session, realm, nonce, utf8 } = challenge;
    const octets = (text: string): string => octetsOf(utf8 ? text.normalize('NFC') : text);
    const username = octets(account.username);
    const passwordDigest = digestOf(algorithm, `${username}:${realm}:${octets(account.password)}`);
    const cnonce = session ? newCnonce() : undefined;
    const ha1 =
      cnonce === undefined
        ? passwordDigest
        : digestOf(algorithm, `${passwordDigest}:${nonce}:${cnonce}`);
    return new DigestSession(challenge, { username, passwordDigest, ha1, cnonce });
  }

  /** The same session with the nonce that the destination wants next (RFC 7616 section 3.5). */
  withNonce(nonce: string): DigestSession {
    return new DigestSession({ ...this.challenge, nonce }, this.key);
  }

  /** As good as the password, in this realm. */
  get passwordDigest(): string {
    return this.key.passwordDigest;
  }

  /** The value of Authorization for a draft that is final but for it. */
  authorization({ method, path, query, body }: OutgoingDraft, counts: NonceCounts): string {
    const { challenge, key } = this;
    const { nonce, algorithm, qop, realm, opaque } = challenge;
    const uri = query === '' ? path : `${path}?${query}`;
    const nc = counts.next(nonce).toString(16).padStart(8, '0');
    const cnonce = key.cnonce ?? newCnonce();
    const proof = { algorithm, ha1: key.ha1, nonce, nc, cnonce, qop };
    return `Digest ${[
      this.#usernameParameter(),
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(uri)}`,
      `response="${digestResponse(proof, { method, uri, body })}"`,
      ...optional(challenge.algorithmWritten, (written) => `algorithm=${written}`),
      `cnonce="${cnonce}"`,
      ...optional(opaque, (text) => `opaque=${quoted(text)}`),
      `qop=${qop}`,
      `nc=${nc}`,
      ...(challenge.userhash ? ['userhash=true'] : []),
    ].join(', ')}`;
  }

  /** RFC 7616 section 3.4: hashed where that is asked for, in the notation of RFC 8187 where it has to be. */
  #usernameParameter(): string {
    const { algorithm, userhash, realm, utf8 } = this.challenge;
    const { username } = this.key;
    if (userhash) return `username="${digestOf(algorithm, `${username}:${realm}`)}"`;
    if (!utf8 || /^[\x20-\x7e]*$/.test(username)) return `username=${quoted(username)}`;
    return `username*=UTF-8''${username.replace(NOT_AN_ATTRIBUTE_CHARACTER, percentOf)}`;
  }
}

const NOT_AN_ATTRIBUTE_CHARACTER = /[^A-Za-z0-9!#$&+\-.^_`|~]/g;
const percentOf = (octet: string): string =>
  `%${octet.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`;

const newCnonce = (): string => randomBytes(CNONCE_BYTES).toString('base64url');

/** One character for each byte of UTF-8. */
const octetsOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const optional = (text: string | undefined, write: (text: string) => string): readonly string[] =>
  text === undefined ? [] : [write(text)];

/** RFC 9110 section 5.6.4. */
const quoted = (octets: string): string => `"${octets.replace(/["\\]/g, '\\$&')}"`;
