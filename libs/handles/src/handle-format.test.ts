import fc from 'fast-check';
import { codePoint } from '#testing';
import { sha256 } from '#kernel';
import { mintHandle, parseHandle } from './handle-format.js';

const MINTED_MAX = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 1_000_000 : 20_000;
const environment = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/);

/** Neighbours of a handle: each is one slip or one trick away from it. */
const neighbours: Record<string, (handle: string) => string> = {
  'shortened by one': (handle) => handle.slice(0, -1),
  'shortened by its checksum': (handle) => handle.slice(0, -6),
  'shortened at the front': (handle) => handle.slice(1),
  'longer by one': (handle) => `${handle}0`,
  'padded with =': (handle) => `${handle}=`,
  'padded with a space': (handle) => `${handle} `,
  'begun with a space': (handle) => ` ${handle}`,
  'ended by a line break': (handle) => `${handle}\n`,
  'ended by a NUL': (handle) => `${handle}\0`,
  'all in upper case': (handle) => handle.toUpperCase(),
  'with another prefix': (handle) => handle.replace('pst_', 'pst-'),
  'with a separator more': (handle) => handle.replace('pst_', 'pst__'),
  'of another environment': (handle) => handle.replace('_prod_', '_test_'),
  'without environment': (handle) => handle.replace('_prod_', '__'),
  'with a full-width digit': (handle) => `${handle.slice(0, -1)}\uff10`,
  twice: (handle) => handle + handle,
};

it('has the documented form', () => {
  const { plaintext, id } = mintHandle('prod');
  expect(plaintext).toMatch(/^pst_prod_[0-9A-Za-z]{43}[0-9A-Za-z]{6}$/);
  expect(id).toMatch(/^hdl_[0-9A-Za-z]{22}$/);
});

it('reads back every handle that it mints, with its environment and digest', () => {
  fc.assert(
    fc.property(environment, (name) => {
      const { plaintext, digest } = mintHandle(name);
      expect(parseHandle(plaintext)).toEqual({ kind: 'handle', environment: name, digest });
      expect(digest).toBe(sha256(plaintext));
    }),
  );
});

it('X-23: mints no handle and no id twice', () => {
  const minted = Array.from({ length: MINTED_MAX }, () => mintHandle('prod'));
  expect(new Set(minted.map(({ plaintext }) => plaintext)).size).toBe(MINTED_MAX);
  expect(new Set(minted.map(({ id }) => id)).size).toBe(MINTED_MAX);
});

it('keeps the parts of a handle apart: neither digest nor id tells of the plaintext', () => {
  const { plaintext, digest, id } = mintHandle('prod');
  expect(plaintext).not.toContain(id.slice(4));
  expect(digest).not.toContain(plaintext.slice(9, 20));
});

it.each(Object.entries(neighbours))('X-23: a handle is malformed %s', (_, change) => {
  const { plaintext } = mintHandle('prod');
  expect(parseHandle(change(plaintext))).toMatchObject({ kind: 'malformed', checksumOk: false });
});

it('X-23: a handle with any one character changed, or its case, is malformed', () => {
  fc.assert(
    fc.property(
      fc.nat(57),
      fc.constantFrom('0', '9', 'a', 'z', 'A', 'Z', '_', '-'),
      (place, character) => {
        const { plaintext } = mintHandle('prod');
        const changed = plaintext.slice(0, place) + character + plaintext.slice(place + 1);
        fc.pre(changed !== plaintext);
        expect(parseHandle(changed).kind).toBe('malformed');
      },
    ),
  );
  fc.assert(
    fc.property(fc.integer({ min: 9, max: 57 }), (place) => {
      const { plaintext } = mintHandle('prod');
      const letter = plaintext.charAt(place);
      const flipped = letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase();
      fc.pre(flipped !== letter);
      const changed = plaintext.slice(0, place) + flipped + plaintext.slice(place + 1);
      expect(parseHandle(changed).kind).toBe('malformed');
    }),
  );
});

it('X-23: a handle cut anywhere is malformed', () => {
  const { plaintext } = mintHandle('prod');
  for (let length = 0; length < plaintext.length; length += 1) {
    expect(parseHandle(plaintext.slice(0, length)).kind).toBe('malformed');
  }
});

it.each(['', 'Prod', '-prod', 'prod-', 'pr.od', 'pröd', 'p'.repeat(33)])(
  'a handle of environment "%s", which none can have, is malformed whatever its checksum',
  (name) => {
    expect(parseHandle(mintHandle(name).plaintext).kind).toBe('malformed');
  },
);

it('takes any text without an error, and no text of another make for a handle', () => {
  fc.assert(
    fc.property(fc.string({ unit: codePoint, maxLength: 200 }), (text) => {
      expect(parseHandle(text).kind).toBe('malformed');
    }),
  );
});

it('looks at a bounded part of what is presented', () => {
  const long = 'x'.repeat(90);
  expect(parseHandle(`${long}one`).digest).toBe(parseHandle(`${long}other`).digest);
});

it('gives the digest of a malformed handle, for the event that tells of it', () => {
  expect(parseHandle('guess')).toEqual({
    kind: 'malformed',
    checksumOk: false,
    digest: sha256('guess'),
  });
});
