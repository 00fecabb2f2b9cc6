import fc from 'fast-check';
import { type ClaimValue, JsonRefused, parseStrictJson, TokenRejected } from '#identity';
import { type CompactJws, parseCompactJws } from './parse-compact-jws.js';

const runs = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 500;
const TIMEOUT_MS = 120_000;
const LIMITS = { depthMax: 10, membersMax: 100 };

const encoded = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url');
const decoded = (part: string): Buffer => Buffer.from(part, 'base64url');

/** What was read, or undefined for what is refused by the one error that a refusal is. */
function read(token: string): CompactJws | undefined {
  // eslint-disable-next-line no-restricted-syntax -- a refusal is one of two outcomes; all else is thrown
  try {
    return parseCompactJws(token);
  } catch (error) {
    if (error instanceof TokenRejected) return undefined;
    throw error;
  }
}

function readJson(bytes: Uint8Array): { readonly value: ClaimValue } | undefined {
  // eslint-disable-next-line no-restricted-syntax -- a refusal is one of two outcomes; all else is thrown
  try {
    return { value: parseStrictJson(bytes, LIMITS) };
  } catch (error) {
    if (error instanceof JsonRefused) return undefined;
    throw error;
  }
}

const name = fc.constantFrom('iss', 'sub', 'aud', 'exp', '__proto__', 'é', 'a"b', '\u{1f600}');
const value = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 }),
  fc.dictionary(name, fc.integer(), { maxKeys: 3 }),
);
const claims = fc.dictionary(name, value, { maxKeys: 6 });
const signature = fc.uint8Array({ minLength: 1, maxLength: 70 });
const token = fc
  .record({ claims, signature, alg: fc.constantFrom('ES256', 'RS256'), kid: fc.constant('k') })
  .map(({ claims: payload, signature: bytes, ...header }) =>
    [JSON.stringify(header), JSON.stringify(payload), bytes].map(encoded).join('.'),
  );

/** A token of which one character is replaced, added or taken away, or that is cut or padded. */
const mutated = fc
  .record({
    token,
    at: fc.nat(),
    what: fc.constantFrom('replace', 'insert', 'remove', 'append', 'cut'),
    text: fc.constantFrom(...Array.from('ABab019-_=+/. \n\0é'), '==', '..'),
  })
  .map(({ token: whole, at, what, text }) => {
    const index = at % whole.length;
    switch (what) {
      case 'replace':
        return whole.slice(0, index) + text + whole.slice(index + 1);
      case 'insert':
        return whole.slice(0, index) + text + whole.slice(index);
      case 'remove':
        return whole.slice(0, index) + whole.slice(index + 1);
      case 'append':
        return whole + text;
      default:
        return whole.slice(0, index);
    }
  });

describe('the reader in front of the verifier', () => {
  it(
    'J-11: accepts of all texts only the one encoding of what they hold',
    () => {
      let accepted = 0;
      fc.assert(
        fc.property(fc.oneof(token, mutated), (text) => {
          const jws = read(text);
          if (jws === undefined) return;
          accepted += 1;
          const parts = text.split('.');
          expect(parts).toHaveLength(3);
          expect(parts.map((part) => encoded(decoded(part)))).toEqual(parts);
          expect(jws.signingInput).toBe(parts.slice(0, 2).join('.'));
          const [, payload] = parts.map((part) => decoded(part).toString());
          const standard = JSON.parse(payload!) as Record<string, unknown>;
          expect(new Set(jws.claims.keys())).toEqual(new Set(Object.keys(standard)));
          for (const [claim, read_] of jws.claims) expect(read_).toEqual(standard[claim]);
        }),
        { numRuns: runs * 2 },
      );
      expect(accepted).toBeGreaterThan(runs / 2);
    },
    TIMEOUT_MS,
  );

  it(
    'accepts every token that is well-formed',
    () => {
      fc.assert(
        fc.property(token, (text) => {
          expect(read(text)).toBeDefined();
        }),
        { numRuns: runs },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'J-11: takes no two texts for one token: what differs in a character differs in a byte',
    () => {
      fc.assert(
        fc.property(token, mutated, (one, other) => {
          if (one === other || read(one) === undefined || read(other) === undefined) return;
          const bytes = (text: string) =>
            text.split('.').map((part) => decoded(part).toString('hex'));
          expect(bytes(one)).not.toEqual(bytes(other));
        }),
        { numRuns: runs },
      );
    },
    TIMEOUT_MS,
  );
});

/** A JSON text, and whether an object in it names a member twice, however each is written. */
interface Written {
  readonly text: string;
  readonly twice: boolean;
}

/** JSON as others may write it: with white space, escapes and names that stand twice. */
const { any: written } = fc.letrec<{ any: Written; object: Written; list: Written; leaf: Written }>(
  (tie) => {
    const space = fc.constantFrom('', ' ', '\n', '\t\r');
    const names = ['"a"', '"\\u0061"', '"b"', '"__proto__"', '"\\u005f_proto__"', '""', '"é"'];
    const leaves = ['1', '-0', '1e3', '0.1', '"x"', '"\\ud83d\\ude00"', 'true', 'null', '{}', '[]'];
    const member = fc.tuple(space, fc.constantFrom(...names), space, tie('any'));
    return {
      leaf: fc.constantFrom(...leaves).map((text) => ({ text, twice: false })),
      object: fc.array(member, { minLength: 1, maxLength: 3 }).map((members) => {
        const found = members.map(([, one]) => JSON.parse(one) as string);
        const text = members.map(
          ([before, one, after, of]) => before + one + after + ':' + of.text,
        );
        const inside = members.some(([, , , { twice }]) => twice);
        const twice = inside || new Set(found).size !== found.length;
        return { text: `{${text.join(',')}}`, twice };
      }),
      list: fc.array(tie('any'), { minLength: 1, maxLength: 3 }).map((items) => ({
        text: `[${items.map(({ text }) => text).join(' , ')}]`,
        twice: items.some(({ twice }) => twice),
      })),
      any: fc.oneof({ maxDepth: 4 }, tie('leaf'), tie('object'), tie('list')),
    };
  },
);

describe('the strict JSON reader', () => {
  it(
    'J-13: accepts of all documents those whose objects name each member once',
    () => {
      const seen = { accepted: 0, refused: 0 };
      fc.assert(
        fc.property(written, ({ text, twice }) => {
          const document = readJson(Buffer.from(text));
          seen[document === undefined ? 'refused' : 'accepted'] += 1;
          expect(document === undefined).toBe(twice);
          if (document !== undefined) expect(document.value).toEqual(JSON.parse(text));
        }),
        { numRuns: runs },
      );
      expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(runs / 50);
    },
    TIMEOUT_MS,
  );

  it(
    'reads what it accepted the same once more when it was written by another',
    () => {
      fc.assert(
        fc.property(written, ({ text }) => {
          const document = readJson(Buffer.from(text));
          if (document === undefined) return;
          const again = Buffer.from(JSON.stringify(document.value));
          expect(readJson(again)).toEqual(JSON.parse(JSON.stringify(document)));
          expect(JSON.parse(again.toString())).toEqual(JSON.parse(text.replaceAll('-0', '0')));
        }),
        { numRuns: runs },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'J-14: accepts bytes only that are the one UTF-8 of their text',
    () => {
      const bytes = fc
        .array(fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.constant(Buffer.from('é\u{1f600}'))))
        .map((parts) => Buffer.concat([Buffer.from('"'), ...parts, Buffer.from('"')]));
      fc.assert(
        fc.property(bytes, (document) => {
          const text = readJson(document);
          if (text === undefined) return;
          expect(Buffer.from(document.toString()).equals(document)).toBe(true);
          expect(text.value).toBe(JSON.parse(document.toString()));
        }),
        { numRuns: runs },
      );
    },
    TIMEOUT_MS,
  );
});
