import { grantSetOf } from '#policy';
import {
  aCaller,
  aFormRequest,
  ExchangeUnderTest,
  grantUnderTest,
  InMemorySubjectTokenUses,
} from '#testing';
import { type OAuthError } from './oauth-error.js';
import { authorizationServer } from './authorization-server.js';

/** Sees no use at its first look: another instance is writing it. */
class LateUses extends InMemorySubjectTokenUses {
  #looks = 0;

  override async find(...[key]: Parameters<InMemorySubjectTokenUses['find']>) {
    this.#looks += 1;
    return this.#looks === 1 ? undefined : super.find(key);
  }
}

/** Exchanges one token at two instances, the second of which looks too early. */
async function exchangeAtTwo(sts: ExchangeUnderTest): Promise<unknown> {
  const once = { subject_token: await sts.mint() };
  await sts.exchange(once);
  const second = authorizationServer({
    ...sts.parts,
    uses: new LateUses(sts.records),
  }).tokenExchange;
  return second.exchange(aFormRequest(await sts.baseline(once)), aCaller());
}

const refusal = (reason: OAuthError['reason']): Error =>
  expect.objectContaining({ code: 'invalid_request', reason }) as Error;

describe('J-33: a subject token of an issuer that permits', () => {
  it('one use gives one handle', async () => {
    const sts = await ExchangeUnderTest.create();
    const once = { subject_token: await sts.mint() };
    await sts.exchange(once);
    await expect(sts.exchange(once)).rejects.toThrow(refusal('replayed'));
    expect(sts.records.handles.size).toBe(1);
  });

  it('three uses gives three handles of one family', async () => {
    const sts = await ExchangeUnderTest.create({
      issuer: { tokenUse: { kind: 'bounded', uses: 3 } },
    });
    const thrice = { subject_token: await sts.mint() };
    for (let use = 0; use < 3; use += 1) await sts.exchange(thrice);
    await expect(sts.exchange(thrice)).rejects.toThrow(refusal('replayed'));
    expect(new Set(sts.permits.map(({ family_id }) => family_id)).size).toBe(1);
    expect(sts.records.handles.size).toBe(3);
  });

  it('any use gives as many handles of one family, also at once', async () => {
    const sts = await ExchangeUnderTest.create({ issuer: { tokenUse: { kind: 'reusable' } } });
    const often = { subject_token: await sts.mint({ jti: undefined }) };
    await Promise.all(Array.from({ length: 20 }, () => sts.exchange(often)));
    expect(new Set(sts.permits.map(({ family_id }) => family_id)).size).toBe(1);
    expect(sts.records.handles.size).toBe(20);
  });

  it('one use gives two tokens two families', async () => {
    const sts = await ExchangeUnderTest.create();
    await sts.exchange();
    await sts.exchange();
    expect(new Set(sts.permits.map(({ family_id }) => family_id)).size).toBe(2);
  });
});

it('J-11: a replay is known by (iss, jti): another signature over the same claims does not make it new', async () => {
  const sts = await ExchangeUnderTest.create();
  const claims = sts.issuer.claims();
  const header = sts.issuer.header();
  await sts.exchange({ subject_token: sts.issuer.sign(header, claims) });
  const again = sts.issuer.sign(header, { ...claims, exp: Number(claims['exp']) - 1 });
  await expect(sts.exchange({ subject_token: again })).rejects.toThrow(refusal('replayed'));
});

it('a denied exchange leaves the subject token its use', async () => {
  const sts = await ExchangeUnderTest.create();
  const subjectToken = await sts.mint();
  await expect(sts.exchange({ subject_token: subjectToken, scope: 'x' })).rejects.toThrow();
  expect((await sts.exchange({ subject_token: subjectToken })).scopes).toEqual(['ledger.read']);
});

it('the event of a replay names the exchange before', async () => {
  const sts = await ExchangeUnderTest.create();
  const once = { subject_token: await sts.mint() };
  await sts.exchange(once);
  await expect(sts.exchange(once)).rejects.toThrow();
  expect(sts.denials[0]).toMatchObject({
    reason: 'replayed',
    prior_exchange_id: sts.permits[0]!.exchange_id,
    prior_env: 'test',
    subject_token_fp: sts.permits[0]!.subject_token_fp,
  });
});

it('a token that was exchanged in another environment is refused, even if it could be used again', async () => {
  const issuer = { tokenUse: { kind: 'reusable' } } as const;
  const sts = await ExchangeUnderTest.create({ issuer });
  const prod = sts.twin({ issuer, environment: 'prod', records: sts.records, resources: [] });
  const reusable = { subject_token: await sts.mint() };
  await sts.exchange(reusable);
  await expect(prod.exchange(reusable)).rejects.toThrow(refusal('cross_env_replay'));
  const denial = sts.journal.events.at(-1)!;
  expect(denial).toMatchObject({ severitytext: 'FATAL', env: 'prod', data: { prior_env: 'test' } });
});

it('T-15: of 100 at once with one single-use token, one gets a handle and 99 a recorded denial', async () => {
  const sts = await ExchangeUnderTest.create();
  const once = { subject_token: await sts.mint() };
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => sts.exchange(once)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(sts.records.handles.size).toBe(1);
  expect(sts.permits).toHaveLength(1);
  expect(sts.denials.map(({ reason }) => reason)).toEqual(Array(99).fill('replayed'));
  const [permit] = sts.permits;
  expect(new Set(sts.denials.map((denial) => denial.prior_exchange_id))).toEqual(
    new Set([permit!.exchange_id]),
  );
});

describe('an instance that looks too early', () => {
  it('is told by the store that the token is spent, and records who used it', async () => {
    const sts = await ExchangeUnderTest.create();
    await expect(exchangeAtTwo(sts)).rejects.toThrow(refusal('replayed'));
    expect(sts.records.handles.size).toBe(1);
    expect(sts.denials).toEqual([
      expect.objectContaining({ prior_exchange_id: sts.permits[0]!.exchange_id }),
    ]);
  });

  it('puts its handle into the same family', async () => {
    const sts = await ExchangeUnderTest.create({ issuer: { tokenUse: { kind: 'reusable' } } });
    await exchangeAtTwo(sts);
    expect(sts.records.handles.size).toBe(2);
    expect(new Set(sts.permits.map(({ family_id }) => family_id)).size).toBe(1);
  });
});

it('a use is remembered until no clock accepts the token any more', async () => {
  const sts = await ExchangeUnderTest.create();
  sts.grants.replace(grantSetOf([grantUnderTest()], sts.clock.now()));
  const once = { subject_token: await sts.mint() };
  await sts.exchange(once);
  sts.clock.advance(329);
  await sts.uses.purge(sts.clock.now());
  await expect(sts.exchange(once)).rejects.toThrow(refusal('replayed'));
  sts.clock.advance(1);
  await sts.uses.purge(sts.clock.now());
  await expect(sts.exchange(once)).rejects.toThrow(refusal('expired'));
});
