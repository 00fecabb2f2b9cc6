import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { decodeProtectedHeader } from 'jose';
import { parse, stringify } from 'yaml';
import {
  ISSUER_ALGORITHMS,
  type IssuerAlgorithm,
  JwtIssuer,
  newSigningKey,
  type SigningKey,
  workloadOf,
} from '../support/jwt-issuer.js';
import { OpaqueTokenIssuer } from '../support/opaque-token-issuer.js';
import { grantSettings } from '../support/postern-folder.js';
import { type ExchangeAnswer, postExchange } from '../support/post-exchange.js';
import { runCli } from '../support/postern-process.js';
import { makeStandalone, type Standalone } from '../support/standalone.js';
import { until } from '../support/until.js';

const OPAQUE = { subject_token_type: 'urn:postern:token-type:introspectable:partner' };
/** What the registration says: a key that the issuer removed is refused after this time. */
const REFRESH_MS = 10_000;
/** What a request takes on a busy machine: to be sent, and to be answered with the keys of the issuer. */
const GRACE_MS = 2_000;
/** An STS looks every five seconds for handles whose ground is gone, and takes a few to revoke them on a busy machine. */
const WATCH_MS = 15_000;
const CALLERS = 8;
/** How long the callers go on at least before and after each change of keys. */
const LOAD_MS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 30_000 : 2_000;
/** What that load takes on a busy machine. */
const LOADED_MS_MAX = 60_000;
const PRESENT_EVERY_MS = 100;
/** Between two exchanges of a caller: the full load is for the long volume, beside which nothing else runs. */
const THINK_MS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 0 : 200;

const terms = {
  subjects: 'workload',
  tokenUse: 'once',
  maxLifetime: '10m',
  owner: 'platform@example',
  purpose: 'A real authorization server, in tests',
  reviewBy: '2027-12-31',
};

/** One exchange of a caller, and the key that its token was signed by. */
interface Exchanged {
  readonly keyId: string | undefined;
  readonly answer: ExchangeAnswer;
}

/** Tokens of npm `oidc-provider`, at a Postern as it is shipped: discovery, keys and introspection are the issuer's own. */
describe('a real issuer', () => {
  let keys: Record<IssuerAlgorithm, SigningKey>;
  let issuer: JwtIssuer;
  let partner: OpaqueTokenIssuer;
  let postern: Standalone;
  let operator: string;

  beforeAll(async () => {
    const made = await Promise.all(ISSUER_ALGORITHMS.map(newSigningKey));
    keys = { ES256: made[0]!, PS256: made[1]!, EdDSA: made[2]! };
    postern = await makeStandalone({
      destination: 'http://127.0.0.1:9',
      username: 'ledger-svc',
      password: 'the-ledger-password-1987',
    });
    issuer = await JwtIssuer.start(postern.publicOrigin, made);
    partner = await OpaqueTokenIssuer.start(postern.publicOrigin);
    register();
    await postern.start();
    const token = await postern.issuer.mint('operator');
    const own = { audience: 'postern', scope: 'introspect' };
    operator = (await postExchange(postern.publicOrigin, token, own)).body.access_token!;
  }, 180_000);

  afterAll(async () => {
    await postern.process.stop();
    await Promise.all([issuer.stop(), partner.stop()]);
  }, 60_000);

  /** Both issuers, a grant for each workload of theirs, and the sealed secret for introspection. */
  function register(): void {
    const config = parse(readFileSync(postern.configFile, 'utf8')) as { issuers: object[] };
    const oidc = {
      ...{ id: 'real', kind: 'oidc', issuer: issuer.origin },
      keys: { discovery: true, allowPrivate: true, refresh: '10s' },
      ...{ algorithms: ISSUER_ALGORITHMS, types: ['at+jwt'], maxAge: '10m', ...terms },
    };
    const introspection = {
      ...{ id: 'partner', kind: 'introspection', issuer: partner.origin },
      ...{ endpoint: partner.introspectionEndpoint, allowPrivate: true, ...terms },
      clientAuth: { secretRef: { mount: 'secret', path: 'postern/partner-introspection' } },
    };
    const issuers = [...config.issuers, oidc, introspection];
    writeFileSync(postern.configFile, stringify({ ...config, issuers }));
    for (const workload of ISSUER_ALGORITHMS.map(workloadOf)) grant(workload, 'real');
    grant('payments-agent', 'partner');
    const { id, secret } = partner.postern;
    const { status, stderr } = runCli(['seal', 'put', 'secret/postern/partner-introspection'], {
      environment: postern.environment,
      input: JSON.stringify({ client_id: id, client_secret: secret }),
    });
    if (status !== 0) throw new Error(`seal put failed: ${stderr}`);
  }

  const grant = (id: string, by: string): void =>
    postern.writeGrant({
      ...grantSettings(id, id, 'ledger', ['ledger.read']),
      subject: { issuer: by, id },
    });

  const exchange = (token: string, parameters = {}): Promise<ExchangeAnswer> =>
    postExchange(postern.publicOrigin, token, parameters);

  async function isActive(handle: string): Promise<boolean> {
    const answer = await fetch(`${postern.publicOrigin}/oauth2/introspect`, {
      method: 'POST',
      headers: { authorization: `Bearer ${operator}` },
      body: new URLSearchParams({ token: handle }),
    });
    if (answer.status !== 200) throw new Error(`introspection answers ${answer.status}`);
    return ((await answer.json()) as { active: boolean }).active;
  }

  it.each(ISSUER_ALGORITHMS)('exchanges its JWT access token, signed by %s, once', async (name) => {
    const token = await issuer.issue(name);
    expect(decodeProtectedHeader(token)).toEqual({ alg: name, typ: 'at+jwt', kid: keys[name].kid });
    const answer = await exchange(token);
    expect(answer).toMatchObject({ status: 200, body: { token_type: 'Bearer' } });
    expect(await isActive(answer.body.access_token!)).toBe(true);
    expect(await exchange(token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
  });

  it('refuses its token when the signature is that of another of its tokens', async () => {
    const [head, body] = (await issuer.issue('ES256')).split('.');
    const [, , signature] = (await issuer.issue('ES256')).split('.');
    expect((await exchange(`${head}.${body}.${signature}`)).status).toBe(400);
  });

  it('I-20: exchanges an opaque token, which its issuer is asked about', async () => {
    const asked = partner.introspections;
    const token = await partner.issue();
    expect(await exchange(token, OPAQUE)).toMatchObject({ status: 200 });
    expect(partner.introspections).toBe(asked + 1);
    expect((await exchange(token, OPAQUE)).status).toBe(400);
  });

  it('I-21, I-22: refuses an opaque token that is revoked, or for somebody else', async () => {
    const token = await partner.issue();
    await partner.revoke(token);
    expect((await exchange(token, OPAQUE)).status).toBe(400);
    const other = await partner.issue({ resource: 'https://somebody.else.example' });
    expect((await exchange(other, OPAQUE)).status).toBe(400);
  });

  describe('that changes its keys while callers exchange', () => {
    let next: SigningKey;
    const exchanged: Exchanged[] = [];
    /** Tokens of the old key, kept for the time after its removal. */
    const kept: string[] = [];
    /** When each kept token was presented, after the removal of its key, and what came of it. */
    const late: { afterMs: number; answer: ExchangeAnswer }[] = [];
    /** The last of them before. */
    let early: ExchangeAnswer;
    let revokedAfterMs = Number.POSITIVE_INFINITY;

    async function call(going: () => boolean): Promise<void> {
      while (going()) {
        const token = await issuer.issue('ES256');
        const keyId = decodeProtectedHeader(token).kid;
        exchanged.push({ keyId, answer: await exchange(token) });
        if (THINK_MS > 0) await pause(THINK_MS);
      }
    }

    const of = ({ kid }: SigningKey): Exchanged[] => exchanged.filter(({ keyId }) => keyId === kid);

    const others = (): SigningKey[] => [keys.PS256, keys.EdDSA];

    /** Presents the kept tokens one after the other, until well after the bound. */
    async function presentLate(removedMs: number): Promise<void> {
      for (const token of kept) {
        const afterMs = performance.now() - removedMs;
        if (late.filter((one) => one.afterMs > REFRESH_MS + GRACE_MS).length >= 10) return;
        late.push({ afterMs, answer: await exchange(token) });
        await pause(PRESENT_EVERY_MS);
      }
    }

    const firstRefusal = () => late.find(({ answer }) => answer.status !== 200);

    async function watchRevocation(handle: string, removedMs: number): Promise<void> {
      const gone = async (): Promise<boolean> => !(await isActive(handle));
      await until('the handle is revoked', gone, 2 * (REFRESH_MS + WATCH_MS));
      revokedAfterMs = performance.now() - removedMs;
    }

    async function rotate(): Promise<void> {
      await pause(LOAD_MS);
      await until('the old key is used', () => of(keys.ES256).length > 10 * CALLERS, LOADED_MS_MAX);
      while (kept.length < 150) kept.push(await issuer.issue('ES256'));
      issuer.restart([next, keys.ES256, ...others()]);
      await until('the new key is used', () => of(next).length >= CALLERS, LOADED_MS_MAX);
      await pause(LOAD_MS);
      early = await exchange(kept.pop()!);
      issuer.restart([next, ...others()]);
      const removedMs = performance.now();
      const handle = of(keys.ES256)[0]!.answer.body.access_token!;
      await Promise.all([presentLate(removedMs), watchRevocation(handle, removedMs)]);
      await pause(LOAD_MS);
      await until('it is used on', () => of(next).length > 10 * CALLERS, LOADED_MS_MAX);
    }

    beforeAll(async () => {
      next = await newSigningKey('ES256');
      let going = true;
      const callers = Promise.all(Array.from({ length: CALLERS }, () => call(() => going)));
      await rotate().finally(() => (going = false));
      await callers;
      process.stderr.write(
        `real-issuer: ${of(keys.ES256).length} exchanges by the old key, ${of(next).length} by the new; ` +
          `the old one refused ${Math.round(firstRefusal()?.afterMs ?? -1)} ms, ` +
          `its handles revoked ${Math.round(revokedAfterMs)} ms after its removal\n`,
      );
    }, 300_000);

    it('loses no valid exchange', () => {
      const lost = exchanged.filter(({ answer }) => answer.status !== 200);
      expect(lost).toEqual([]);
      expect(of(keys.ES256).length).toBeGreaterThan(10 * CALLERS);
      expect(of(next).length).toBeGreaterThan(10 * CALLERS);
      expect(of(keys.ES256).length + of(next).length).toBe(exchanged.length);
    });

    it('J-32: the removed key is refused within the refresh interval, and from then on', () => {
      expect(early.status).toBe(200);
      const accepted = late.filter(({ answer }) => answer.status === 200);
      const afterBound = late.filter(({ afterMs }) => afterMs > REFRESH_MS + GRACE_MS);
      expect(afterBound.length).toBeGreaterThan(3);
      for (const { afterMs } of accepted) {
        expect(afterMs).toBeLessThanOrEqual(REFRESH_MS + GRACE_MS);
        expect(afterMs).toBeLessThan(firstRefusal()!.afterMs);
      }
      const refused = late.filter(({ answer }) => answer.status !== 200);
      for (const { answer } of refused) {
        expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
      }
    });

    it('J-32: the handles of the removed key are revoked, and those of the others live', async () => {
      expect(revokedAfterMs).toBeLessThan(firstRefusal()!.afterMs + WATCH_MS);
      const handles = (some: readonly Exchanged[]): string[] =>
        some.slice(-100).map(({ answer }) => answer.body.access_token!);
      const lateHandles = late.flatMap(({ answer }) => answer.body.access_token ?? []);
      for (const handle of [...handles(of(keys.ES256)), ...lateHandles]) {
        expect(await isActive(handle)).toBe(false);
      }
      for (const handle of handles(of(next))) expect(await isActive(handle)).toBe(true);
      const untouched = await exchange(await issuer.issue('EdDSA'));
      expect(await isActive(untouched.body.access_token!)).toBe(true);
    }, 60_000);
  });
});
