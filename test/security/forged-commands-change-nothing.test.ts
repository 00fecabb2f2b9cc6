import { randomBytes, randomInt } from 'node:crypto';
import { commandClaims, SignalsUnderTest, TestIssuer } from '#testing';

const MUTATIONS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 1_000;
const KEY = 'family:fam_1';
const ALPHABET = Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é',
);

/** Numbers from a seed, so that a run can be done again: xorshift, as good as it needs to be here. */
class Dice {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = seed === 0 ? 1 : seed;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

type Json = Record<string, unknown>;
const decoded = (part: string): Json =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Json;
const encoded = (part: Json): string => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Text that is not the valid command. */
type Mutation = (valid: string, dice: Dice) => string;

const flipped: Mutation = (valid, dice) => {
  const at = dice.below(valid.length);
  return valid.slice(0, at) + dice.of(ALPHABET) + valid.slice(at + 1);
};
const flippedBit: Mutation = (valid, dice) => {
  const bytes = Buffer.from(valid);
  const at = dice.below(bytes.length);
  bytes[at] = bytes[at]! ^ (1 << dice.below(7));
  return bytes.toString('latin1');
};
const swapped: Mutation = (valid, dice) => {
  const [one, two] = [dice.below(valid.length), dice.below(valid.length)];
  const characters = Array.from(valid);
  [characters[one], characters[two]] = [characters[two]!, characters[one]!];
  return characters.join('');
};
const cut: Mutation = (valid, dice) => {
  const [from, length] = [dice.below(valid.length), 1 + dice.below(40)];
  return dice.of([valid.slice(0, from), valid.slice(0, from) + valid.slice(from + length)]);
};
const longer: Mutation = (valid, dice) =>
  valid + dice.of(['A', '.', '=', '\n', ' ', '.AAAA', valid]);
const swappedParts: Mutation = (valid, dice) => {
  const [header, payload, signature] = valid.split('.') as [string, string, string];
  return dice
    .of([
      [payload, header, signature],
      [header, payload, payload],
      [header, payload],
      [header, payload, ''],
      [header, '', signature],
      ['', payload, signature],
      [header, payload, signature, signature],
    ])
    .join('.');
};

/** The claims or the header edited, the signature left: as whoever can write to the topic could. */
const editedClaims: Mutation = (valid, dice) => {
  const [header, payload, signature] = valid.split('.') as [string, string, string];
  return [header, encoded(dice.of(CLAIM_EDITS)(decoded(payload))), signature].join('.');
};
const editedHeader: Mutation = (valid, dice) => {
  const [header, payload, signature] = valid.split('.') as [string, string, string];
  const changed = { ...decoded(header), ...dice.of(HEADER_EDITS) };
  return [encoded(changed), payload, dice.of([signature, ''])].join('.');
};

const CLAIM_EDITS: readonly ((claims: Json) => Json)[] = [
  (claims) => ({ ...claims, jti: 'another' }),
  (claims) => ({ ...claims, iat: Number(claims['iat']) + 1 }),
  (claims) => ({ ...claims, iat: Number(claims['iat']) - 90_000 }),
  (claims) => ({ ...claims, aud: 'https://else.test' }),
  (claims) => ({ ...claims, iss: 'https://idp.test' }),
  (claims) => ({ ...claims, exp: 4_000_000_000 }),
  (claims) => ({
    ...claims,
    ...commandClaims('revoke', { scope: 'issuer', id: 'https://idp.test' }),
  }),
  (claims) => ({ ...claims, ...commandClaims('suspend', { scope: 'family', id: 'fam_1' }) }),
  (claims) => ({ ...claims, events: {} }),
  ({ jti: _, ...claims }) => claims,
];
const HEADER_EDITS: readonly Json[] = [
  { alg: 'none' },
  { alg: 'None' },
  { alg: 'HS256' },
  { alg: 'RS256' },
  { typ: 'JWT' },
  { kid: 'another' },
  { jwk: { kty: 'oct', k: 'AAAA' } },
  { jku: 'https://attacker.test/jwks' },
  { crit: ['b64'], b64: false },
];

/** What a transmitter signs must be right as well: these have a good signature and one rule broken. */
type Signed = [claims: Json, header: Json];
const SIGNED: readonly ((now: number) => Signed)[] = [
  () => [{ aud: 'https://else.test' }, {}],
  () => [{ aud: ['https://postern.test', 'https://else.test'] }, {}],
  (now) => [{ iat: now - 86_401 }, {}],
  (now) => [{ iat: now + 31 }, {}],
  () => [{ exp: 4_000_000_000 }, {}],
  () => [{ iss: 'https://idp.test' }, {}],
  () => [{ jti: undefined }, {}],
  () => [{}, { typ: 'JWT' }],
  () => [{}, { typ: undefined }],
  () => [{}, { alg: 'none' }],
  () => [{}, { kid: 'another' }],
];

const MUTATIONS_OF_TEXT: readonly Mutation[] = [
  ...[flipped, flippedBit, swapped, cut, longer, swappedParts, editedClaims, editedHeader],
];

describe('a command that was tampered with', () => {
  it(`changes nothing and leaves an event, in any of ${MUTATIONS} random ways`, async () => {
    const dice = new Dice(randomInt(1, 2 ** 31));
    process.stderr.write(`forged commands: seed ${dice.seed}\n`);
    const under = await SignalsUnderTest.create();
    const { transmitter, journal, records, clock } = under;
    await under.issue('hdl_1', { familyId: 'fam_1' });
    const before = JSON.stringify([...records.handles.values()]);
    const { issuer, keyId } = transmitter;
    const forger = await TestIssuer.create({ issuer, keyId, clock });
    const family = { scope: 'family', id: 'fam_1' };
    let refused = 0;
    for (let n = 0; n < MUTATIONS; n += 1) {
      const valid = await under.command('revoke', family);
      const broken = SIGNED[n] ?? dice.of(SIGNED);
      const [claims, header] = broken(Math.floor(clock.now().getTime() / 1000));
      const forged = under.claims(commandClaims('revoke', family));
      const signed = () => under.mint(commandClaims('revoke', family, claims), header);
      const any = dice.of<() => string | Promise<string>>([
        () => forger.mint(forged, { typ: 'secevent+jwt' }),
        signed,
        () => randomBytes(dice.below(200)).toString('base64url'),
        ...MUTATIONS_OF_TEXT.map((mutation) => () => mutation(valid, dice)),
      ]);
      // Each rule that can be broken is, once: what follows is up to chance.
      const attempt = await (n < SIGNED.length ? signed : any)();
      if (attempt === valid) continue;
      await under.arrive(attempt, KEY);
      refused += 1;
    }
    clock.advance(2);
    await under.fromKafka.flushDue();
    const rejected = journal.of('dev.postern.command.rejected.v1');
    expect(JSON.stringify([...records.handles.values()])).toBe(before);
    expect(journal.of('dev.postern.command.accepted.v1')).toEqual([]);
    expect(records.orders).toMatchObject({ suspensions: [], receipts: new Map() });
    expect(rejected.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(refused);
    expect(refused).toBeGreaterThan(MUTATIONS * 0.95);
    expect(new Set(rejected.map(({ rejection }) => rejection))).toEqual(
      new Set([
        ...[
          'malformed',
          'unsigned',
          'invalid_issuer',
          'invalid_key',
          'invalid_audience',
          'expired',
        ],
      ]),
    );
  }, 300_000);

  it('is what the untouched one is not: that one has its effect', async () => {
    const under = await SignalsUnderTest.create();
    await under.issue('hdl_1', { familyId: 'fam_1' });
    await under.arrive(await under.command('revoke', { scope: 'family', id: 'fam_1' }), KEY);
    expect(under.idsWith('revoked')).toEqual(['hdl_1']);
  });
});
