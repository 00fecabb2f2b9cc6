import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IssuerDeclaration } from '#identity';
import { type HttpHost, type Probe, type ProbeAnswer, ProbeTarget, startHttpHost } from '#platform';
import {
  ExchangeUnderTest,
  type ExchangeUnderTestOptions,
  grantUnderTest,
  TestIssuer,
} from '#testing';
import { exchangeProbes, type ProbedConfig } from './exchange-prober.module.js';
import { StsModule } from './sts.module.js';

const FORGED = 'exchange-of-forged-token';
const STRANGER = 'exchange-of-unregistered-issuer';
const OWN = 'exchange-without-grant';

const folder = mkdtempSync(join(tmpdir(), 'postern-probe-'));
const tokenFile = join(folder, 'token');
const asked: { path: string | undefined; body: URLSearchParams; agent: string | undefined }[] = [];
let sts: ExchangeUnderTest;
let host: HttpHost | undefined;
let fake: Server | undefined;
let target: ProbeTarget;

afterEach(async () => {
  await target.close();
  await host?.close(0);
  fake?.close();
  [host, fake] = [undefined, undefined];
  asked.splice(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A real STS on a free port. */
async function startSts(options: ExchangeUnderTestOptions = {}): Promise<void> {
  sts = await ExchangeUnderTest.create(options);
  host = await startHttpHost({
    module: StsModule.register(sts.parts),
    listen: { host: '127.0.0.1', port: 0 },
    configure: (app) => StsModule.configure(app),
  });
  target = ProbeTarget.ownListener(host.address);
}

/** Something that answers in the place of an STS. */
async function startFake(answer: (path: string) => { status: number; body: string }) {
  sts = await ExchangeUnderTest.create();
  fake = createServer((request, response) => {
    let form = '';
    request.on('data', (chunk: Buffer) => (form += chunk.toString()));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      asked.push({ path, body: new URLSearchParams(form), agent: headers['user-agent'] });
      const { status, body } = answer(path);
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(fake, 'listening');
  target = ProbeTarget.at(`http://127.0.0.1:${(fake.address() as AddressInfo).port}`);
}

const always = (status: number, body: object | string) => () => ({
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

function probes(): readonly Probe[] {
  const own = { subjectTokenFile: tokenFile, audience: 'ledger', scope: 'ledger.read' };
  const config: ProbedConfig = {
    publicOrigin: sts.publicOrigin,
    prober: { kind: 'on', everySeconds: 300, own },
    resources: [{ id: 'ledger', scopes: { 'ledger.read': ['GET /accounts/{id}'] } }],
  };
  return exchangeProbes({ ...sts.parts, config, target });
}

async function ask(name: string, item?: string): Promise<ProbeAnswer> {
  const probe = probes().find((one) => one.name === name)!;
  return probe.ask(item ?? probe.items[0]!, AbortSignal.timeout(10_000));
}

const reasons = (): string[] => sts.denials.map(({ reason }) => reason);

describe('an STS that probes itself', () => {
  it('refuses a token that its issuer did not sign, for the signature and nothing else', async () => {
    await startSts();
    expect(await ask(FORGED)).toEqual({ outcome: 'refused' });
    expect(reasons()).toEqual(['invalid_signature']);
    expect(sts.denials[0]?.detail).toContain('the signature does not verify');
  });

  it('is told from others by its name in the denials', async () => {
    await startSts();
    await ask(FORGED);
    expect(sts.denials[0]?.actor.client.user_agent).toBe('postern-prober');
  });

  it('asks of every issuer that signs', async () => {
    const others = await Promise.all(
      (['RS256', 'PS256', 'ES384', 'EdDSA'] as const).map(async (algorithm) =>
        TestIssuer.create({ issuer: `https://${algorithm.toLowerCase()}.test`, algorithm }),
      ),
    );
    await startSts({ otherIssuers: others });
    const { items } = probes().find(({ name }) => name === FORGED)!;
    expect(items).toHaveLength(5);
    for (const item of items) expect(await ask(FORGED, item)).toEqual({ outcome: 'refused' });
    expect(reasons()).toEqual(items.map(() => 'invalid_signature'));
    for (const { detail } of sts.denials) expect(detail).toContain('the signature does not verify');
  });

  it.each([
    ['required claims', { requiredClaims: { team: ['payments', 'ledger'], 'a/b': 'c' } }],
    ['a type of its own', { types: ['at+jwt'] }],
    ['a short life', { maxLifetimeSeconds: 20, maxAgeSeconds: 20 }],
  ] as [string, Partial<IssuerDeclaration>][])(
    'forges a token that is acceptable but for its signature, for an issuer with %s',
    async (_, issuer) => {
      await startSts({ issuer });
      expect(await ask(FORGED)).toEqual({ outcome: 'refused' });
      expect(sts.denials[0]?.detail).toContain('the signature does not verify');
    },
  );

  it('makes a new token each time', async () => {
    await startFake(always(400, { error: 'invalid_request' }));
    await ask(FORGED);
    await ask(FORGED);
    const tokens = asked.map(({ body }) => body.get('subject_token'));
    expect(new Set(tokens).size).toBe(2);
    expect(asked.map(({ agent }) => agent)).toEqual(['postern-prober', 'postern-prober']);
  });

  it('refuses a token of an issuer that is not registered', async () => {
    await startSts();
    expect(await ask(STRANGER)).toEqual({ outcome: 'refused' });
    expect(reasons()).toEqual(['issuer_untrusted']);
  });

  it('refuses its own good token what no grant is for', async () => {
    await startSts();
    writeFileSync(tokenFile, `${await sts.mint({ sub: 'the-prober' })}\n`);
    expect(await ask(OWN)).toEqual({ outcome: 'refused' });
    expect(reasons()).toEqual(['not_allowed']);
  });

  it('finds the grant that somebody wrote for it, and revokes what it got', async () => {
    const id = { kind: 'exact', subject: 'the-prober' } as const;
    const subject = { issuer: 'https://idp.test', id, claims: new Map() };
    await startSts({ grants: [grantUnderTest({ subject })] });
    const token = await sts.mint({ sub: 'the-prober' });
    writeFileSync(tokenFile, token);
    const answer = await ask(OWN);
    expect(answer).toMatchObject({
      outcome: 'breached',
      permitted: 'resource ledger for the prober, which no grant is for',
      detail: expect.stringMatching(
        /^answered 200 \(req_\w+\) with a handle; it was revoked at once$/,
      ) as string,
    });
    expect(JSON.stringify(answer)).not.toContain(token);
    expect(sts.permits).toHaveLength(1);
    expect(sts.journal.of('dev.postern.handle.revoked.v1')).toHaveLength(1);
  });

  it('does not take the refusal of a stale token of its own for one of the grants', async () => {
    await startSts();
    writeFileSync(tokenFile, await sts.mint({ sub: 'the-prober', iat: 1, exp: 2 }));
    expect(await ask(OWN)).toMatchObject({
      outcome: 'unreachable',
      reason: expect.stringContaining('answered 400 invalid_request') as string,
    });
  });

  it('says so when it has no token of its own', async () => {
    await startSts();
    rmSync(tokenFile, { force: true });
    await expect(ask(OWN)).rejects.toThrow('prober.subjectTokenFile cannot be read (ENOENT)');
  });

  it('cannot tell while the journal is away', async () => {
    await startSts();
    sts.journal.setReachable(false);
    expect(await ask(FORGED)).toMatchObject({
      outcome: 'unreachable',
      reason: expect.stringContaining('answered 503 temporarily_unavailable') as string,
    });
  });
});

describe('whoever answers a probe', () => {
  const HANDLE = 'pst_test_a-handle-that-must-not-be-told';

  it('breaches it with a handle, which is revoked and not told', async () => {
    await startFake(always(200, { access_token: HANDLE, token_type: 'Bearer' }));
    const answer = await ask(FORGED);
    expect(answer).toMatchObject({
      outcome: 'breached',
      permitted: 'a subject token in the name of issuer test-issuer that it did not sign',
    });
    expect(JSON.stringify(answer)).not.toContain(HANDLE);
    expect(asked.map(({ path }) => path)).toEqual(['/oauth2/token', '/oauth2/revoke']);
    expect(asked[1]?.body.get('token')).toBe(HANDLE);
  });

  it('is told of when it does not revoke', async () => {
    await startFake((path) =>
      path === '/oauth2/token'
        ? { status: 200, body: JSON.stringify({ access_token: HANDLE }) }
        : { status: 503, body: '' },
    );
    expect(await ask(STRANGER)).toMatchObject({
      outcome: 'breached',
      detail: expect.stringContaining('it could not be revoked (503): revoke it now') as string,
    });
  });

  it.each(['invalid_target', 'invalid_scope', 'invalid_dpop_proof'])(
    'breaches it by %s, for that comes after a token was believed',
    async (error) => {
      await startFake(always(400, { error }));
      expect(await ask(FORGED)).toMatchObject({ outcome: 'breached' });
      expect(await ask(STRANGER)).toMatchObject({ outcome: 'breached' });
    },
  );

  it.each([
    ['an error of the server', 500, 'oops'],
    ['that it is busy', 503, { error: 'temporarily_unavailable' }],
    ['a redirect', 302, ''],
    ['a page', 200, '<html>Sign in</html>'],
    ['a list', 200, []],
    ['an empty handle', 200, { access_token: '' }],
    ['that there is no such thing', 404, { error: 'invalid_request' }],
    ['an error with another status', 401, { error: 'invalid_target' }],
    ['an error that is none of ours', 400, { error: 'Nope! <script>' }],
  ])('proves nothing by %s', async (_, status, body) => {
    await startFake(always(status, body));
    writeFileSync(tokenFile, 'a.b.c');
    for (const name of [FORGED, STRANGER, OWN]) {
      expect(await ask(name)).toMatchObject({ outcome: 'unreachable' });
    }
    expect(asked.map(({ path }) => path)).not.toContain('/oauth2/revoke');
  });
});
