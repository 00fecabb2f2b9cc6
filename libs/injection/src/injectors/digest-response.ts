import { hash } from 'node:crypto';
import { type DigestAlgorithm, type DigestQop } from './digest-challenge.js';

const HASHES: Readonly<Record<DigestAlgorithm, string>> = {
  MD5: 'md5',
  'SHA-256': 'sha256',
  'SHA-512-256': 'sha512-256',
};

/** All that a response is made of but for the request itself. Texts hold one character a byte. */
export interface DigestProof {
  readonly algorithm: DigestAlgorithm;
  /** H(A1), in hexadecimal (RFC 7616 section 3.4.2). */
  readonly ha1: string;
  readonly nonce: string;
  /** Eight hexadecimal digits. */
  readonly nc: string;
  readonly cnonce: string;
  readonly qop: DigestQop;
}

export interface DigestedRequest {
  readonly method: string;
  readonly uri: string;
  /** The whole body; undefined for none. */
  readonly body: Buffer | undefined;
}

/** RFC 7616 section 3.4.1. */
export function digestResponse(proof: DigestProof, request: DigestedRequest): string {
  const { algorithm, ha1, nonce, nc, cnonce, qop } = proof;
  const ha2 = digestOf(algorithm, requestText(proof, request));
  return digestOf(algorithm, [ha1, nonce, nc, cnonce, qop, ha2].join(':'));
}

/** A2 (RFC 7616 section 3.4.3): `auth-int` covers the body too. */
function requestText({ qop, algorithm }: DigestProof, request: DigestedRequest): string {
  const { method, uri, body } = request;
  return qop === 'auth'
    ? `${method}:${uri}`
    : `${method}:${uri}:${digestOf(algorithm, body ?? '')}`;
}

/** In hexadecimal. */
export const digestOf = (algorithm: DigestAlgorithm, octets: string | Buffer): string =>
  hash(HASHES[algorithm], Buffer.isBuffer(octets) ? octets : Buffer.from(octets, 'latin1'), 'hex');
