import { createServer, type Server } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { IssuerKeySource } from '#adapters/issuers';
import { type IssuerRegistration, type KeySet, KeySource } from '#identity';
import { OAuthError } from '#oauth';
import { ExchangeUnderTest, FixedClock, type FormParameters, TestIssuer } from '#testing';
import { PROPERTY_TIMEOUT_MS } from './refused-exchange.js';

const ISSUERS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 1_000;
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The real source of keys, counted. */
class CountedKeySource extends KeySource {
  questions = 0;

  constructor(private readonly source: KeySource) {
    super();
  }

  override current(issuer: IssuerRegistration): Promise<KeySet> {
    this.questions += 1;
    return this.source.current(issuer);
  }

  override refetch(issuer: IssuerRegistration): Promise<KeySet> {
    this.questions += 1;
    return this.source.refetch(issuer);
  }
}

/** Counts calls of a method, of whoever calls it, until it is put back. */
class CallCount {
  calls = 0;
  readonly #original: PropertyDescriptor | undefined;

  constructor(
    private readonly target: object,
    private readonly method: string,
  ) {
    this.#original = Object.getOwnPropertyDescriptor(target, method);
    const original = Reflect.get(target, method) as (...parameters: unknown[]) => unknown;
    const count = (): void => void (this.calls += 1);
    const value = function (this: unknown, ...parameters: unknown[]): unknown {
      count();
      return Reflect.apply(original, this, parameters);
    };
    Object.defineProperty(target, method, { value, configurable: true, writable: true });
  }

  putBack(): void {
    if (this.#original === undefined) Reflect.deleteProperty(this.target, this.method);
    else Object.defineProperty(this.target, this.method, this.#original);
  }
}

/**
 * Where discovery follows `iss`, whoever writes a token decides whom the server calls, and pays nothing for it. octo-sts
 * does so by design. Here the list of issuers is asked first: one that is not on it costs no connection, no key and no
 * signature check, and gets the same answer as any other token that is not acceptable.
 */
describe('the issuer of a token that is not on the list', () => {
  let server: Server;
  let accepted = 0;
  let origin: string;
  let listed: TestIssuer;
  let stranger: TestIssuer;
  let sts: ExchangeUnderTest;
  let keys: CountedKeySource;
  let outbound: CallCount;
  let checked: CallCount;

  beforeEach(async () => {
    accepted = 0;
    server = createServer((_, response) => response.end(JSON.stringify(listed.jwks())));
    server.on('connection', () => (accepted += 1));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const clock = new FixedClock();
    keys = new CountedKeySource(new IssuerKeySource({ clock }));
    const issuer = { keys: { kind: 'uri', uri: `${origin}/jwks.json` } } as const;
    sts = await ExchangeUnderTest.create({ issuer, ports: { keys } });
    listed = sts.issuer;
    stranger = await TestIssuer.create({ issuer: `${origin}/stranger`, clock });
    outbound = new CallCount(Socket.prototype, 'connect');
    checked = new CallCount(crypto.subtle, 'verify');
  });
  afterEach(async () => {
    outbound.putBack();
    checked.putBack();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const costs = (): Record<string, number> => ({
    connections: outbound.calls,
    accepted,
    questions: keys.questions,
    signatures: checked.calls,
  });
  const NOTHING = { connections: 0, accepted: 0, questions: 0, signatures: 0 };

  const refused = async (parameters: FormParameters): Promise<OAuthError> => {
    const outcome: unknown = await sts.exchange(parameters).catch((failure: unknown) => failure);
    if (!(outcome instanceof OAuthError)) throw new Error('it was not refused');
    return outcome;
  };

  /** Where the discovery of an issuer of these names would lead. */
  const unlisted = (n: number): string => {
    const names = [
      `${origin}/tenant-${n}`,
      `${origin.replace('http:', 'https:')}/tenant-${n}`,
      `${listed.issuer}/tenant-${n}`,
      `${listed.issuer}.tenant-${n}.localhost`,
      `${listed.issuer}@${origin.slice('http://'.length)}/${n}`,
      `${listed.issuer}${'/'.repeat((n % 50) + 1)}`,
      `${listed.issuer}?tenant=${n}`,
      `${listed.issuer}#${n}`,
      `spiffe://tenant-${n}.localhost`,
      `file:///proc/self/fd/${n}`,
      `http://169.254.169.254/latest/${n}`,
      `${listed.issuer.toUpperCase()}${' '.repeat(n % 9)}`,
    ];
    return names[n % names.length]!;
  };

  it(
    `J-25: costs nothing, ${ISSUERS} times`,
    async () => {
      const answers = new Set<string>();
      for (let n = 0; n < ISSUERS; n += 1) {
        const by = n % 2 === 0 ? listed : stranger;
        const { code, description, reason } = await refused({
          subject_token: await by.mint({ iss: unlisted(n) }),
        });
        answers.add(JSON.stringify([code, description, reason]));
      }
      const { description } = await refused({ subject_token: 'garbage' });
      expect([...answers]).toEqual([
        JSON.stringify(['invalid_request', description, 'issuer_untrusted']),
      ]);
      expect(costs()).toEqual(NOTHING);
      expect(sts.records.handles.size).toBe(0);
    },
    PROPERTY_TIMEOUT_MS,
  );

  it.each([
    ['jku', () => ({ jku: `${origin}/jwks.json` })],
    ['x5u', () => ({ x5u: `${origin}/chain.pem` })],
    ['jwk', () => ({ jwk: stranger.publicJwk() })],
    ['kid as a URL', () => ({ kid: `${origin}/jwks.json#key` })],
  ])('J-03, J-04: costs nothing when its header says where its keys are: %s', async (_, header) => {
    const claims = { iss: `${origin}/stranger` };
    await refused({ subject_token: await stranger.mint(claims, header()) });
    expect(costs()).toEqual(NOTHING);
  });

  it.each([
    ['a list', ['https://idp.test']],
    ['a number', 1],
    ['null', null],
    ['an object', { uri: 'https://idp.test' }],
    ['missing', undefined],
  ])('J-25: costs nothing when it is %s', async (_, iss) => {
    const { reason } = await refused({ subject_token: await listed.mint({ iss }) });
    expect(reason).toBe('issuer_untrusted');
    expect(costs()).toEqual(NOTHING);
  });

  it('J-25: costs nothing when it vouches for a caller', async () => {
    const { code } = await refused({
      client_assertion_type: JWT_BEARER,
      client_assertion: await stranger.mint(),
    });
    expect(code).toBe('invalid_client');
    expect(costs()).toEqual(NOTHING);
  });

  it('J-25: costs nothing beyond the subject token when it vouches for an actor', async () => {
    await refused({ actor_token: await stranger.mint(), actor_token_type: JWT_TYPE });
    for (const count of Object.values(costs())) expect(count).toBeLessThanOrEqual(1);
  });

  it('is told from a listed one, which costs a connection, a question and a signature check', async () => {
    expect((await sts.exchange()).scopes).toEqual(['ledger.read']);
    expect(costs()).toEqual({ connections: 1, accepted: 1, questions: 1, signatures: 1 });
  });
});
