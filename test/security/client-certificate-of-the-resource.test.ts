import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPrivateKey } from 'node:crypto';
import { aProxiedResource, TestCertificate } from '#testing';
import { describeWithServer } from '../support/describe-with-server.js';
import { Nginx } from '../support/nginx.js';
import { until } from '../support/until.js';
import { CallPath } from './call-path.js';

const INJECT = { kind: 'client-certificate', certificate: 'certificate', key: 'key' } as const;
const NAME = 'ledger.test';

/** nginx with ssl_verify_client on, which judges the chain and tells whom it saw. */
describeWithServer('client certificates of a resource', 'nginx', () => {
  let authority: TestCertificate;
  let strangers: TestCertificate;
  let nginx: Nginx;
  let caFile: string;

  beforeAll(async () => {
    authority = await TestCertificate.selfSigned({ subject: 'CN=authority' });
    strangers = await TestCertificate.selfSigned({ subject: 'CN=strangers' });
    const server = await authority.issue({ dnsNames: [NAME] });
    nginx = await Nginx.start({
      certificate: server.pem,
      key: server.keyPem,
      clientAuthority: authority.pem,
    });
    caFile = join(nginx.folder, 'ca.pem');
    writeFileSync(caFile, authority.pem);
  });
  afterAll(() => nginx.stop());

  const start = (
    secret: Readonly<Record<string, string>>,
    options: { readonly caFile?: string; readonly passphrase?: string } = {},
  ): Promise<CallPath> =>
    CallPath.start({
      secret,
      policy: { scopes: { 'ledger.read': ['GET /**'] } },
      registration: {
        destination: nginx.origin,
        tls: { caFile: options.caFile ?? caFile, serverName: NAME },
        inject: {
          ...INJECT,
          ...(options.passphrase === undefined ? {} : { passphrase: options.passphrase }),
        },
      },
    });
  const secretOf = ({ pem, keyPem }: TestCertificate) => ({ certificate: pem, key: keyPem });

  it("are shown in the handshake, and the caller's own headers about certificates are not", async () => {
    const path = await start(secretOf(await authority.issue({ subject: 'CN=postern' })));
    const answer = await path.call('/proxy/ledger/accounts', {
      headers: { 'ssl-client-cert': 'forged', 'client-cert': ':Zm9yZ2Vk:' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatch(/^CN=postern /);
    await path.stop();
  });

  it('are sent with the chain that leads to their authority', async () => {
    const intermediate = await authority.intermediate({ subject: 'CN=intermediate' });
    const leaf = await intermediate.issue({ subject: 'CN=below' });
    const path = await start({ certificate: leaf.pem + intermediate.pem, key: leaf.keyPem });
    expect((await path.call('/proxy/ledger/accounts')).body).toMatch(/^CN=below /);
    await path.stop();
    const alone = await start(secretOf(leaf));
    expect((await alone.call('/proxy/ledger/accounts')).status).toBe(400);
    await alone.stop();
  });

  it('open with their passphrase', async () => {
    const leaf = await authority.issue({ subject: 'CN=sealed' });
    const key = createPrivateKey(leaf.keyPem)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'long enough' })
      .toString();
    const secret = { certificate: leaf.pem, key, opener: 'long enough' };
    const path = await start(secret, { passphrase: 'opener' });
    expect((await path.call('/proxy/ledger/accounts')).body).toMatch(/^CN=sealed /);
    await path.stop();
    const wrong = await start({ ...secret, opener: 'not the same' }, { passphrase: 'opener' });
    const { status, body } = await wrong.call('/proxy/ledger/accounts');
    expect([status, body.includes('credential-unusable')]).toEqual([500, true]);
    await wrong.stop();
  });

  it('follow a rotation: new calls show the new one on new connections, old calls end as they began', async () => {
    const path = await start(secretOf(await authority.issue({ subject: 'CN=first' })));
    const before = await path.call('/proxy/ledger/accounts');
    expect(before.body).toMatch(/^CN=first /);
    const slow = path.call('/proxy/ledger/slow/file');
    await path.parts.seal(secretOf(await authority.issue({ subject: 'CN=second' })));
    path.parts.clock.advance(60);
    let body = '';
    await until('the new version is used', async () => {
      ({ body } = await path.call('/proxy/ledger/accounts'));
      return body.startsWith('CN=second');
    });
    const [, , resumed, connection] = body.split(' ');
    expect(resumed).toBe('.'); // A whole handshake: no session of the first is resumed.
    expect(connection).not.toBe(before.body.split(' ').at(-1));
    expect((await path.call('/proxy/ledger/accounts')).body).toMatch(/^CN=second /);
    expect((await slow).body).toHaveLength(64 * 1024);
    await path.stop();
  });

  it('of two resources at one destination share no connection and no TLS session', async () => {
    const path = await start(secretOf(await authority.issue({ subject: 'CN=of-ledger' })));
    const ref = { mount: 'secret', path: 'legacy/archive' };
    await path.parts.seal(secretOf(await authority.issue({ subject: 'CN=of-archive' })), ref);
    path.parts.resources.set(
      'archive',
      aProxiedResource(
        {
          destination: nginx.origin,
          tls: { caFile, serverName: NAME },
          inject: INJECT,
          credential: { ref },
        },
        { id: 'archive' },
      ),
    );
    for (const resource of ['ledger', 'archive', 'ledger', 'archive']) {
      const { body } = await path.call(`/proxy/${resource}/accounts/42`, { handle: { resource } });
      expect(body).toMatch(new RegExp(`^CN=of-${resource} [0-9A-F]+ \\. `));
    }
    await path.stop();
  });

  it.each([
    ['that is refused by the destination', () => strangers.issue({ subject: 'CN=stranger' })],
  ])('%s: the caller gets what the destination says, nothing of the key', async (_, make) => {
    const stranger = await make();
    const path = await start(secretOf(stranger));
    const { status, body } = await path.call('/proxy/ledger/accounts');
    expect(status).toBe(400);
    expect(body).toContain('SSL certificate error');
    expectNoKey(stranger, body, path);
    await path.stop();
  });

  it('are shown to nobody whose own certificate is of another authority: 502', async () => {
    const other = join(nginx.folder, 'other.pem');
    writeFileSync(other, strangers.pem);
    const leaf = await authority.issue();
    const path = await start(secretOf(leaf), { caFile: other });
    const { status, body } = await path.call('/proxy/ledger/accounts');
    expect(status).toBe(502);
    expect(body).toContain('upstream-unreachable');
    expectNoKey(leaf, body, path);
    await path.stop();
  });

  it('that have expired, or are not those of the key, are refused before anything is sent', async () => {
    const expired = await authority.issue({ notAfter: new Date('2024-01-01T00:00:00Z') });
    const early = await authority.issue({ notBefore: new Date('2048-01-01T00:00:00Z') });
    const [one, other] = [await authority.issue(), await authority.issue()];
    const secrets = [
      secretOf(expired),
      secretOf(early),
      { certificate: one.pem, key: other.keyPem },
      { certificate: 'none', key: one.keyPem },
      { certificate: one.pem, key: `${one.keyPem.slice(0, 60)}\n-----END PRIVATE KEY-----\n` },
    ];
    for (const secret of secrets) {
      const path = await start(secret);
      const { status, body } = await path.call('/proxy/ledger/accounts');
      expect([status, body.includes('credential-unusable')]).toEqual([500, true]);
      expectNoKey(one, body, path);
      await path.stop();
    }
  });
});

function expectNoKey(certificate: TestCertificate, body: string, path: CallPath): void {
  const [, line = ''] = certificate.keyPem.split('\n');
  expect(line.length).toBeGreaterThan(60);
  for (const text of [
    body,
    JSON.stringify(path.parts.journal.events),
    JSON.stringify(path.problems),
  ]) {
    expect(text).not.toContain(line);
  }
}
