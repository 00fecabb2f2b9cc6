import { ImposedRestrictions, type Restriction, type RestrictionTerms } from '#handles';
import { subjectIdOf } from '#identity';
import { secondsAfter } from '#kernel';
import {
  aDenialEvent,
  aRestriction,
  DpopKey,
  ExchangeUnderTest,
  FixedClock,
  grantUnderTest,
  InMemoryEventJournal,
  InMemoryRestrictedExchanges,
  InMemoryRestrictionStore,
} from '#testing';
import { ExchangeRestrictions } from './exchange-restrictions.js';

const issuer = 'https://idp.test';
const subjectOf = (subject: string): string => subjectIdOf({ issuer, subject });
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const scopes = ['ledger.read', 'ledger.post'];
const SETTLER = subjectOf('workload-1');
const toSubject = (subject: string) => ({
  ...{ issuer, claims: new Map() },
  id: { kind: 'exact' as const, subject },
});

describe('an exchange of a workload that is restricted', () => {
  const clock = new FixedClock();
  const store = (): InMemoryRestrictionStore =>
    new InMemoryRestrictionStore(new InMemoryEventJournal());
  let restrictions: InMemoryRestrictionStore;
  let exchange: ExchangeUnderTest;
  let imposed: ImposedRestrictions;

  beforeEach(async () => {
    restrictions = store();
    clock.set(new FixedClock().now());
    imposed = new ImposedRestrictions({ lookup: restrictions, clock });
    const counted = new InMemoryRestrictedExchanges(restrictions);
    const grants = ['workload-1', 'workload-2'].flatMap((subject) =>
      ['ledger', 'archive'].map((resource) =>
        grantUnderTest({
          ...{ id: `${subject}-${resource}`, resource, scopes },
          subject: toSubject(subject),
        }),
      ),
    );
    const narrowing = { id: 'narrows', pattern: 'downscoping', maxChainDepth: 1 } as const;
    exchange = await ExchangeUnderTest.create({
      grants: [...grants, grantUnderTest({ ...narrowing, subject: toSubject('workload-1') })],
      ports: { restrictions: new ExchangeRestrictions({ imposed, counted, clock }) },
    });
  });

  const impose = async (terms: RestrictionTerms, seconds = 1_800): Promise<Restriction> => {
    const now = clock.now();
    const times = { imposedAt: now, until: secondsAfter(now, seconds) };
    const restriction = aRestriction(terms, times);
    await restrictions.impose(restriction, aDenialEvent());
    await imposed.refresh();
    return restriction;
  };
  const rate = (limit: number, entityId = SETTLER): Promise<Restriction> =>
    impose({ kind: 'exchange_rate', entityId, limit });
  const ask = async (sub = 'workload-1', audience = 'ledger'): Promise<string> =>
    exchange.exchange({ subject_token: await exchange.mint({ sub }), audience }).then(
      () => 'permitted',
      (error: unknown) => {
        const { code, reason } = error as { code: string; reason: string };
        return `${code} ${reason}`;
      },
    );
  const asked = async (count: number, ...who: Parameters<typeof ask>): Promise<string[]> => {
    const answers: string[] = [];
    for (let n = 0; n < count; n += 1) answers.push(await ask(...who));
    return answers;
  };
  const TOO_MANY = 'temporarily_unavailable restricted';

  it('goes up to its limit, is told when to come again, and goes on in the next window', async () => {
    const { id } = await rate(2);
    expect(await asked(3)).toEqual(['permitted', 'permitted', TOO_MANY]);
    const [denial] = exchange.denials;
    expect(denial).toMatchObject({
      ...{ reason: 'restricted', restriction_id: id, detection_id: 'det_1' },
      error: 'temporarily_unavailable',
    });
    await expect(exchange.exchange()).rejects.toMatchObject({ retryAfterSeconds: 300 });
    clock.advance(300);
    expect(await ask()).toBe('permitted');
  });

  it('touches no other workload, of the same issuer and from the same address', async () => {
    await rate(1);
    await impose({ kind: 'known_credentials_only', entityId: SETTLER, resources: [] });
    await asked(3);
    expect(await asked(3, 'workload-2')).toEqual(Array(3).fill('permitted'));
    expect(await ask('workload-2', 'archive')).toBe('permitted');
  });

  it('counts what is denied later on too: who tries out resources is slowed down', async () => {
    await rate(2);
    expect(await asked(3, 'workload-1', 'nothing')).toEqual([
      ...['invalid_target unknown_resource', 'invalid_target unknown_resource'],
      TOO_MANY,
    ]);
  });

  it('counts nothing of who only has a token that was exchanged before', async () => {
    await rate(2);
    const subject_token = await exchange.mint();
    await exchange.exchange({ subject_token });
    for (let replays = 0; replays < 5; replays += 1) {
      await expect(exchange.exchange({ subject_token })).rejects.toMatchObject({
        reason: 'replayed',
      });
    }
    expect(await ask()).toBe('permitted');
  });

  it('counts nothing of who has a bound token without its key', async () => {
    await rate(1);
    const key = await DpopKey.create();
    for (let thefts = 0; thefts < 5; thefts += 1) {
      const subject_token = await exchange.mint({ cnf: { jkt: key.jkt } });
      await expect(exchange.exchange({ subject_token })).rejects.toMatchObject({
        reason: 'binding_mismatch',
      });
    }
    expect(await ask()).toBe('permitted');
  });

  it('gets handles for what it used before, and for nothing else', async () => {
    const { id } = await impose({
      ...{ kind: 'known_credentials_only', entityId: SETTLER },
      resources: ['ledger'],
    });
    expect(await ask('workload-1', 'ledger')).toBe('permitted');
    expect(await ask('workload-1', 'archive')).toBe('invalid_target restricted');
    expect(exchange.denials).toMatchObject([{ reason: 'restricted', restriction_id: id }]);
  });

  it('is given no handle for one whose answers are held back, and for another one it is', async () => {
    const whole = { grant: exchange.grantOf('workload-1-ledger'), scopes };
    const [held, other] = [await exchange.issued(whole), await exchange.issued(whole)];
    const narrowed = ({ plaintext }: typeof held) =>
      exchange.exchange({ subject_token: plaintext, subject_token_type: ACCESS_TOKEN });
    const { id } = await impose({ kind: 'bytes_rate', entityId: held.handle.id, limit: 1_000 }, 60);
    await expect(narrowed(held)).rejects.toMatchObject({
      ...{ code: 'temporarily_unavailable', reason: 'restricted', retryAfterSeconds: 60 },
    });
    expect(exchange.denials).toMatchObject([{ reason: 'restricted', restriction_id: id }]);
    expect((await narrowed(other)).handleId).toMatch(/^hdl_/);
    clock.advance(60);
    expect((await narrowed(held)).handleId).toMatch(/^hdl_/);
  });

  it('is as before when the restriction is over, or was lifted', async () => {
    await impose({ kind: 'known_credentials_only', entityId: SETTLER, resources: [] }, 60);
    expect(await ask()).toBe('invalid_target restricted');
    clock.advance(60);
    expect(await ask()).toBe('permitted');
    const { id } = await rate(1);
    expect(await asked(2)).toEqual(['permitted', TOO_MANY]);
    await restrictions.lift(id, clock.now(), () => aDenialEvent());
    await imposed.refresh();
    expect(await ask()).toBe('permitted');
  });

  it('is not asked about for a workload that is not restricted', async () => {
    await rate(1, subjectOf('another'));
    expect(await asked(3)).toEqual(Array(3).fill('permitted'));
    expect(exchange.denials).toEqual([]);
  });
});
