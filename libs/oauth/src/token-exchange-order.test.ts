import { type PosternEvent } from '#events';
import { type HandleIssue } from '#handles';
import {
  aCaller,
  aFormRequest,
  ExchangeUnderTest,
  type FormParameters,
  InMemoryEventJournal,
  InMemoryGrantSource,
  InMemoryHandleStore,
  InMemoryKeySource,
  InMemorySubjectTokenUses,
  TestIssuer,
} from '#testing';
import {} from '#identity';
import { type Digest } from '#kernel';
import { type OAuthError } from './oauth-error.js';
import { authorizationServer } from './authorization-server.js';
import { type TokenExchange } from './token-exchange.js';

/** What the exchange asked its ports for, in order. */
type Step = 'keys' | 'uses' | 'grants' | 'issue' | 'denial';

/** An exchange that writes down each step that leaves the pipeline. */
function watched(sts: ExchangeUnderTest): { exchange: TokenExchange; steps: Step[] } {
  const steps: Step[] = [];
  class Keys extends InMemoryKeySource {
    override current(...args: Parameters<InMemoryKeySource['current']>) {
      steps.push('keys');
      return super.current(...args);
    }
  }
  class Uses extends InMemorySubjectTokenUses {
    override find(key: Digest) {
      steps.push('uses');
      return super.find(key);
    }
  }
  class Grants extends InMemoryGrantSource {
    override current() {
      steps.push('grants');
      return super.current();
    }
  }
  class Handles extends InMemoryHandleStore {
    override issue(issue: HandleIssue) {
      steps.push('issue');
      return super.issue(issue);
    }
  }
  class Journal extends InMemoryEventJournal {
    override append(events: readonly PosternEvent[]) {
      steps.push('denial');
      return sts.journal.append(events);
    }
  }
  const { parts } = sts;
  const keys = new Keys(sts.clock);
  keys.publish(sts.issuer.issuer, sts.issuer.jwks().keys);
  const exchange = authorizationServer({
    ...parts,
    keys,
    uses: new Uses(sts.records),
    grants: new Grants(sts.grants.current()),
    handles: new Handles(sts.records),
    journal: new Journal(),
  }).tokenExchange;
  return { exchange, steps };
}

let sts: ExchangeUnderTest;

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
});

async function refusalOf(
  parameters: FormParameters,
  authorization?: string,
): Promise<{ error: OAuthError; steps: Step[] }> {
  const { exchange, steps } = watched(sts);
  const request = aFormRequest(await sts.baseline(parameters), { authorization });
  const [outcome] = await Promise.allSettled([exchange.exchange(request, aCaller())]);
  expect(outcome.status).toBe('rejected');
  return { error: (outcome as PromiseRejectedResult).reason as OAuthError, steps };
}

const stranger = () =>
  TestIssuer.create({ issuer: 'https://stranger.test', clock: sts.clock }).then((issuer) =>
    issuer.mint(),
  );
const expired = () => sts.mint({ iat: 1_700_000_000, exp: 1_700_000_300 });
const forged = async (): Promise<string> => {
  const [header, claims] = (await sts.mint()).split('.');
  const [, , signature] = (await sts.mint()).split('.');
  return `${header}.${claims}.${signature}`;
};

it('runs its steps in order, and writes last', async () => {
  const { exchange, steps } = watched(sts);
  await exchange.exchange(aFormRequest(await sts.baseline()), aCaller());
  expect(steps).toEqual(['keys', 'uses', 'grants', 'issue']);
});

describe('invariant 2: no step runs after a deny', () => {
  it.each([
    ['a malformed form', async () => ({ grant_type: undefined }), ['denial']],
    [
      'an issuer that is not registered',
      async () => ({ subject_token: await stranger() }),
      ['denial'],
    ],
    ['a forged signature', async () => ({ subject_token: await forged() }), ['keys', 'denial']],
    ['an expired token', async () => ({ subject_token: await expired() }), ['keys', 'denial']],
    ['an unknown resource', async () => ({ audience: 'x' }), ['keys', 'uses', 'denial']],
    ['no grant', async () => ({ audience: 'archive' }), ['keys', 'uses', 'grants', 'denial']],
    ['a scope too many', async () => ({ scope: 'x' }), ['keys', 'uses', 'grants', 'denial']],
  ] as [string, () => Promise<FormParameters>, Step[]][])(
    'after %s',
    async (_, parameters, expected) => {
      const { steps } = await refusalOf(await parameters());
      expect(steps).toEqual(expected);
      expect(sts.records.handles.size).toBe(0);
      expect(sts.denials).toHaveLength(1);
    },
  );

  it('after a replay', async () => {
    const spent = await sts.mint();
    await sts.exchange({ subject_token: spent });
    const { steps } = await refusalOf({ subject_token: spent });
    expect(steps).toEqual(['keys', 'uses', 'denial']);
    expect(sts.records.handles.size).toBe(1);
  });

  it('after a subject token that has no second left', async () => {
    const late = await sts.mint();
    sts.clock.advance(310);
    const { steps } = await refusalOf({ subject_token: late });
    expect(steps).toEqual(['keys', 'uses', 'grants', 'denial']);
  });
});

/** Each fault with the answer it alone would give, in the order in which they are looked at. */
const faults: [string, string, () => Promise<FormParameters>][] = [
  ['client authentication', 'invalid_client', async () => ({ client_secret: 'x' })],
  ['grant type', 'unsupported_grant_type', async () => ({ grant_type: 'foo' })],
  ['parameter syntax', 'invalid_request', async () => ({ requested_token_type: 'foo' })],
  ['scope syntax', 'invalid_scope', async () => ({ scope: '"' })],
  ['token', 'invalid_request', async () => ({ subject_token: await stranger() })],
  ['target', 'invalid_target', async () => ({ audience: 'nothing' })],
  ['scope', 'invalid_scope', async () => ({ scope: 'ledger.post' })],
];

describe('X-31: of two faults the answer tells the first', () => {
  it.each(faults)('%s alone is %s', async (_, code, parameters) => {
    expect((await refusalOf(await parameters())).error.code).toBe(code);
  });

  const pairs = faults.flatMap((first, n) =>
    faults.slice(n + 1).map((second) => ({ first, second })),
  );

  it.each(pairs.map(({ first, second }) => [first[0], second[0], first, second] as const))(
    '%s before %s',
    async (_one, _other, [, code, first], [, , second]) => {
      const { error } = await refusalOf({ ...(await second()), ...(await first()) });
      expect(error.code).toBe(code);
    },
  );

  it('replay before target', async () => {
    const spent = await sts.mint();
    await sts.exchange({ subject_token: spent });
    const { error } = await refusalOf({ subject_token: spent, audience: 'nothing' });
    expect(error.reason).toBe('replayed');
  });

  it('an unregistered issuer before its signature: no key is asked for', async () => {
    const { error, steps } = await refusalOf({ subject_token: await stranger() });
    expect(error.reason).toBe('issuer_untrusted');
    expect(steps).toEqual(['denial']);
  });

  it('target before the life that is left', async () => {
    const late = await sts.mint();
    sts.clock.advance(310);
    const { error } = await refusalOf({ subject_token: late, audience: 'archive' });
    expect(error.code).toBe('invalid_target');
  });
});
