import { secondsAfter } from '#kernel';
import { aHandle } from '#testing';
import { assertUsable, HandleExpired, HandleRevoked, HandleSuspended } from './handle-refused.js';

const handle = aHandle();
const justBefore = new Date(handle.expiresAt.getTime() - 1);

it('lets a handle be used until a millisecond before it expires', () => {
  expect(() => assertUsable(handle, justBefore)).not.toThrow();
});

it.each([0, 1, 3_600_000])('refuses a handle from the instant it expires (+%i ms)', (after) => {
  const now = new Date(handle.expiresAt.getTime() + after);
  expect(() => assertUsable(handle, now)).toThrow(HandleExpired);
});

it.each([
  ['revoked', HandleRevoked],
  ['suspended', HandleSuspended],
] as const)('refuses a handle that is %s, expired or not', (status, refusal) => {
  const refused = aHandle({ status });
  expect(() => assertUsable(refused, refused.issuedAt)).toThrow(refusal);
  expect(() => assertUsable(refused, secondsAfter(refused.expiresAt, 1))).toThrow(refusal);
});

it('names the handle by its id, and never by its digest', () => {
  expect(() => assertUsable(handle, handle.expiresAt)).toThrow(handle.id);
  expect(() => assertUsable(handle, handle.expiresAt)).not.toThrow(handle.digest);
});
