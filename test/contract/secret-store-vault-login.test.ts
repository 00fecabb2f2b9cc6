import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { VaultSecretStore, type VaultSettings } from '#adapters/vault';
import { PinnedCredentials, type SecretRef } from '#credentials';
import { epochSeconds, Secret, SystemClock } from '#kernel';
import {
  describeWithServer,
  type OpenBaoAdmin,
  openBaoAdmin,
  startOpenBaoWithTls,
} from '#test-support';

const clock = new SystemClock();
const issuing = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A JWT (RFC 7519) of the workload, signed with ES256. */
function workloadJwt(subject: string): string {
  const part = (claims: object): string =>
    Buffer.from(JSON.stringify(claims)).toString('base64url');
  const now = epochSeconds(clock.now());
  const signed = `${part({ alg: 'ES256', typ: 'JWT' })}.${part({
    iss: 'https://issuer.test',
    aud: 'vault',
    sub: subject,
    iat: now,
    exp: now + 300,
  })}`;
  const signature = sign('sha256', Buffer.from(signed), {
    key: issuing.privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${signed}.${signature.toString('base64url')}`;
}

describeWithServer('a login at Vault', 'openbao', () => {
  let admin: OpenBaoAdmin;
  let ref: SecretRef;
  let folder: string;
  let policy: string;
  const opened: VaultSecretStore[] = [];

  const open = (settings: Omit<VaultSettings, 'address'>): VaultSecretStore => {
    const store = new VaultSecretStore({
      settings: { address: admin.address, ...settings },
      clock,
    });
    opened.push(store);
    return store;
  };

  beforeAll(async () => {
    admin = openBaoAdmin();
    ref = { mount: await admin.mountKv(), path: 'legacy/ledger' };
    await admin.must('POST', `${ref.mount}/data/${ref.path}`, { data: { password: 'first' } });
    folder = await mkdtemp(path.join(tmpdir(), 'postern-login-'));
    policy = `postern-proxy-${ref.mount}`;
    // The policy that is shipped, for this run's mount.
    const hcl = await readFile('deploy/vault/proxy.hcl', 'utf8');
    await admin.writePolicy(policy, hcl.replaceAll('"secret/', `"${ref.mount}/`));
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  afterAll(() => rm(folder, { recursive: true }));

  describe.each(['jwt', 'kubernetes'] as const)('by %s', (kind) => {
    let mount: string;
    let jwtFile: string;

    beforeAll(async () => {
      // Both methods take role and jwt at auth/<mount>/login; a Kubernetes API to ask is not at hand.
      mount = `${kind}-${randomBytes(4).toString('hex')}`;
      jwtFile = path.join(folder, mount);
      await admin.must('POST', `sys/auth/${mount}`, { type: 'jwt' });
      await admin.must('POST', `auth/${mount}/config`, {
        jwt_validation_pubkeys: [issuing.publicKey.export({ type: 'spki', format: 'pem' })],
        bound_issuer: 'https://issuer.test',
      });
      await admin.must('POST', `auth/${mount}/role/postern`, {
        role_type: 'jwt',
        user_claim: 'sub',
        bound_audiences: ['vault'],
        bound_subject: 'system:serviceaccount:postern:proxy',
        token_policies: [policy],
      });
    });

    it('reads with the workload token of the file, read anew at each login', async () => {
      await writeFile(jwtFile, `${workloadJwt('system:serviceaccount:postern:proxy')}\n`);
      const store = open({ auth: { kind, role: 'postern', jwtFile, mount } });
      expect((await store.read(ref, 1)).version).toBe(1);
      await admin.revokeTokensOf(policy);
      await writeFile(jwtFile, workloadJwt('system:serviceaccount:postern:proxy'));
      expect((await store.read(ref, 1)).version).toBe(1);
    });

    it('is refused with the token of another workload', async () => {
      await writeFile(jwtFile, workloadJwt('system:serviceaccount:postern:other'));
      const store = open({ auth: { kind, role: 'postern', jwtFile, mount } });
      await expect(store.read(ref, 1)).rejects.toMatchObject({ condition: 'denied' });
    });

    it('names the file when there is none', async () => {
      const store = open({ auth: { kind, role: 'postern', jwtFile: '/nowhere/token', mount } });
      await expect(store.read(ref, 1)).rejects.toThrow(
        /\/nowhere\/token, cannot be read \(ENOENT\)/,
      );
    });
  });

  describe('with the policy of deploy/vault/proxy.hcl and no other', () => {
    let vaultToken: string;

    beforeAll(async () => {
      const created = (await admin.must('POST', 'auth/token/create', {
        policies: [policy],
        no_default_policy: true,
        ttl: '5m',
      })) as { auth: { client_token: string } };
      vaultToken = created.auth.client_token;
    });

    it('reads, knows itself and is ready', async () => {
      const store = open({ auth: { kind: 'token', token: Secret.of(vaultToken) } });
      const pinned = new PinnedCredentials({ store, clock });
      expect((await pinned.current(ref)).version).toBe(1);
      expect(await store.status()).toEqual({ condition: 'ready' });
      expect((await admin.ask('POST', 'auth/token/renew-self', {}, vaultToken)).status).toBe(200);
    });

    it.each([
      ['write the secret', 'POST', 'data/legacy/ledger', { data: { password: 'x' } }],
      ['patch the secret', 'PATCH', 'data/legacy/ledger', { data: { password: 'x' } }],
      ['delete the secret', 'DELETE', 'data/legacy/ledger', undefined],
      ['delete a version', 'POST', 'delete/legacy/ledger', { versions: [1] }],
      ['destroy a version', 'POST', 'destroy/legacy/ledger', { versions: [1] }],
      ['write metadata', 'POST', 'metadata/legacy/ledger', { max_versions: 1 }],
      ['erase the path', 'DELETE', 'metadata/legacy/ledger', undefined],
      ['list beside it', 'LIST', 'metadata/legacy', undefined],
      ['list the mount', 'LIST', 'metadata', undefined],
      ['read what lies below', 'GET', 'data/legacy/ledger/below', undefined],
      ['read another secret', 'GET', 'data/legacy/payroll', undefined],
      ['write another secret', 'POST', 'data/legacy/payroll', { data: { password: 'x' } }],
    ])('cannot %s', async (_what, method, at, body) => {
      const answer = await admin.ask(method, `${ref.mount}/${at}`, body, vaultToken);
      expect(answer.status).toBe(403);
    });

    it.each([
      ['GET', 'sys/mounts'],
      ['GET', 'sys/policies/acl/default'],
      ['POST', 'auth/token/create'],
      ['LIST', 'auth/token/accessors'],
    ])('cannot %s %s', async (method, at) => {
      const body = method === 'POST' ? {} : undefined;
      expect((await admin.ask(method, at, body, vaultToken)).status).toBe(403);
    });
  });

  describe('over TLS', () => {
    let tls: Awaited<ReturnType<typeof startOpenBaoWithTls>>;
    beforeAll(async () => {
      tls = await startOpenBaoWithTls();
      await tls.admin.must('POST', 'secret/data/legacy/ledger', { data: { password: 'first' } });
    });
    afterAll(() => tls.stop());

    const over = (caFile: string | undefined): VaultSecretStore => {
      const store = new VaultSecretStore({
        settings: {
          address: tls.admin.address,
          auth: { kind: 'token', token: Secret.of(tls.admin.rootToken) },
          ...(caFile === undefined ? {} : { caFile }),
        },
        clock,
      });
      opened.push(store);
      return store;
    };
    const secretRef = { mount: 'secret', path: 'legacy/ledger' };

    it('reads from a server whose authority VAULT_CACERT names', async () => {
      expect((await over(tls.caFile).read(secretRef, 1)).version).toBe(1);
    });

    it('refuses a server that nobody vouches for, whatever the environment says', async () => {
      process.env['VAULT_SKIP_VERIFY'] = 'true';
      const store = over(undefined);
      await expect(store.read(secretRef, 1)).rejects.toThrow(/certificate is not accepted/);
      delete process.env['VAULT_SKIP_VERIFY'];
    });
  });
});
