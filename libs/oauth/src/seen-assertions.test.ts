import { secondsAfter, sha256 } from '#kernel';
import { HANDLE_ISSUED_AT as NOW } from '#testing';
import { SeenAssertions } from './seen-assertions.js';

const until = secondsAfter(NOW, 60);

it('sees an assertion once, until nobody accepts it any more', () => {
  const seen = new SeenAssertions(10);
  expect(seen.see(sha256('a'), until, NOW)).toBe('first');
  expect(seen.see(sha256('a'), until, NOW)).toBe('again');
  expect(seen.see(sha256('a'), until, secondsAfter(until, -0.001))).toBe('again');
  expect(seen.see(sha256('a'), secondsAfter(until, 60), until)).toBe('first');
});

it('takes no more in when it is full, and forgets nothing that could be used again', () => {
  const seen = new SeenAssertions(2);
  for (const name of ['a', 'b']) expect(seen.see(sha256(name), until, NOW)).toBe('first');
  expect(seen.see(sha256('c'), until, NOW)).toBe('full');
  expect(seen.see(sha256('a'), until, NOW)).toBe('again');
});

it('has room again when assertions have expired', () => {
  const seen = new SeenAssertions(2);
  for (const name of ['a', 'b']) seen.see(sha256(name), until, NOW);
  expect(seen.see(sha256('c'), secondsAfter(until, 60), until)).toBe('first');
  expect(seen.see(sha256('c'), secondsAfter(until, 60), until)).toBe('again');
});
