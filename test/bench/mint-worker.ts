// Mints subject tokens in a thread of its own: what is signed here must not compete with what is measured.
import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { type MintOrder } from './token-mint.js';

const order = workerData as MintOrder;
const key = createPrivateKey({ key: order.privateJwk, format: 'jwk' });
const header = encoded({ alg: 'ES256', kid: order.keyId, typ: 'JWT' });
const issuedAt = Math.floor(Date.now() / 1000);

parentPort?.postMessage(Array.from({ length: order.count }, (_, place) => minted(place, key)));

function minted(place: number, privateKey: KeyObject): string {
  const claims = encoded({
    iss: order.issuer,
    sub: order.subjects[place % order.subjects.length],
    aud: order.audience,
    jti: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + order.lifetimeSeconds,
  });
  const input = `${header}.${claims}`;
  // RFC 7518 section 3.4: R and S behind each other, not DER.
  const signature = sign('sha256', Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${input}.${signature.toString('base64url')}`;
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
