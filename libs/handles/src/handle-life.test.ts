import { secondsAfter } from '#kernel';
import { aHandle } from '#testing';
import { HandleLife } from './handle-life.js';
import { HandleExpired, HandleRevoked } from './handle-refused.js';

const handle = aHandle();
const { expiresAt } = handle;
const hourBefore = secondsAfter(expiresAt, -3600);
const hourAfter = secondsAfter(expiresAt, 3600);
const justBefore = new Date(expiresAt.getTime() - 1);

it('P-05: a handle that was seen expired stays so when the clock is set back', () => {
  const life = new HandleLife();
  expect(() => life.assertUsable(handle, expiresAt)).toThrow(HandleExpired);
  for (const now of [justBefore, hourBefore, hourAfter, hourBefore]) {
    expect(() => life.assertUsable(handle, now)).toThrow(HandleExpired);
  }
});

it('P-05: a handle that was not seen expired is usable until the instant it expires', () => {
  const life = new HandleLife();
  expect(() => life.assertUsable(aHandle(), hourAfter)).toThrow(HandleExpired);
  for (const now of [justBefore, hourBefore, justBefore]) {
    expect(() => life.assertUsable(handle, now)).not.toThrow();
  }
});

it('a handle that is revoked is told to be so, also after it was seen expired', () => {
  const life = new HandleLife();
  expect(() => life.assertUsable(handle, hourAfter)).toThrow(HandleExpired);
  const revoked = { ...handle, status: 'revoked' } as const;
  expect(() => life.assertUsable(revoked, hourBefore)).toThrow(HandleRevoked);
});

it('a handle that was revoked when it was seen to be past its expiry stays expired', () => {
  const life = new HandleLife();
  const revoked = { ...handle, status: 'revoked' } as const;
  expect(() => life.assertUsable(revoked, hourAfter)).toThrow(HandleRevoked);
  expect(() => life.assertUsable(handle, hourBefore)).toThrow(HandleExpired);
});

it('remembers as many as it is told to, and those that are asked for again the longest', () => {
  const life = new HandleLife(2);
  const [kept, pushedOut, newest] = [aHandle(), aHandle(), aHandle()];
  for (const one of [kept, pushedOut]) {
    expect(() => life.assertUsable(one, hourAfter)).toThrow(HandleExpired);
  }
  expect(() => life.assertUsable(kept, hourBefore)).toThrow(HandleExpired);
  expect(() => life.assertUsable(newest, hourAfter)).toThrow(HandleExpired);
  expect(() => life.assertUsable(kept, hourBefore)).toThrow(HandleExpired);
  expect(() => life.assertUsable(pushedOut, hourBefore)).not.toThrow();
});
