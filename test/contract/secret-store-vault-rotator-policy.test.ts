import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { RotatorIntake, sealWrap } from '#adapters/intake';
import {
  VaultRotatedSecrets,
  VaultSecretStore,
  type VaultSettings,
  VaultWrappingTokens,
} from '#adapters/vault';
import { type SecretRef } from '#credentials';
import { randomId, Secret, SystemClock } from '#kernel';
import { InMemoryIntakeKeys } from '#testing';
import { describeWithServer, type OpenBaoAdmin, openBaoAdmin } from '#test-support';

const clock = new SystemClock();
const rotationId = 'rot_0000000000000000000000';
const pending = `legacy/ledger.pending/${rotationId}`;
const fieldsOf = (password: string): ReadonlyMap<string, Secret> =>
  new Map([['password', Secret.of(password)]]);

/** Logs in by AppRole, as a process does, and has nothing but these policies of deploy/vault, for this mount. */
async function loginWith(
  admin: OpenBaoAdmin,
  mount: string,
  files: readonly string[],
): Promise<{ settings: VaultSettings; vaultToken: string }> {
  const policies = await Promise.all(
    files.map(async (file) => {
      const hcl = await readFile(`deploy/vault/${file}.hcl`, 'utf8');
      const name = `postern-${file}-${mount}`;
      await admin.writePolicy(name, hcl.replaceAll('"secret/', `"${mount}/`));
      return name;
    }),
  );
  const role = await admin.appRole({ policies, withoutDefaultPolicy: true });
  const { roleId: role_id, secretId: secret_id } = role;
  const login = await admin.must('POST', `auth/${role.mount}/login`, { role_id, secret_id });
  return {
    settings: {
      address: admin.address,
      auth: { kind: 'approle', ...role, secretId: Secret.of(secret_id) },
    },
    vaultToken: (login as { auth: { client_token: string } }).auth.client_token,
  };
}

describeWithServer('the policy of deploy/vault/rotator.hcl and no other', 'openbao', () => {
  let admin: OpenBaoAdmin;
  let mount: string;
  let ref: SecretRef;
  let vaultToken: string;
  let secrets: VaultRotatedSecrets;
  let store: VaultSecretStore;

  beforeAll(async () => {
    admin = openBaoAdmin();
    mount = await admin.mountKv();
    ref = { mount, path: 'legacy/ledger' };
    for (const path of ['legacy/ledger', 'legacy/payroll', 'postern/partner-introspection']) {
      await admin.must('POST', `${mount}/data/${path}`, { data: { password: 'first' } });
    }
    const login = await loginWith(admin, mount, ['rotator']);
    vaultToken = login.vaultToken;
    secrets = new VaultRotatedSecrets({ settings: login.settings, clock });
    store = new VaultSecretStore({ settings: login.settings, clock });
  });
  afterAll(async () => {
    await secrets.close();
    await store.close();
  });

  it('takes a rotation from its pending value to the end of the old version', async () => {
    const before = await store.currentVersion(ref);
    await secrets.stage(ref, rotationId, fieldsOf('second'));
    expect((await secrets.staged(ref, rotationId))?.size).toBe(1);
    const place = { after: before.version, token: randomUUID() };
    expect(await secrets.write(ref, place, fieldsOf('second'))).toBe(before.version + 1);
    await secrets.destroy(ref, before.version);
    await secrets.discard(ref, rotationId);
    expect(await secrets.staged(ref, rotationId)).toBeUndefined();
    const { custom_metadata: note } = (
      (await admin.must('GET', `${mount}/metadata/legacy/ledger`)) as {
        data: { custom_metadata: object };
      }
    ).data;
    expect(note).toEqual({ rotation_id: place.token });
    expect(await store.status()).toEqual({ condition: 'ready' });
    expect((await admin.ask('POST', 'auth/token/renew-self', {}, vaultToken)).status).toBe(200);
  });

  it('makes the intake key once, however many rotators start at once, and opens what is sealed to it', async () => {
    const keys = new InMemoryIntakeKeys();
    const parts = { store, secrets, keys, ref: { mount, path: 'postern/rotator-intake' } };
    const rotators = Array.from({ length: 4 }, () => new RotatorIntake(parts));
    const published = await Promise.all(rotators.map((rotator) => rotator.publish()));
    expect(new Set(published.map(({ kid }) => kid)).size).toBe(1);
    const wrappingToken = Secret.of('s.AAAAAAAAAAAAAAAAAAAAAAAA');
    const sealed = await sealWrap((await keys.current())!, wrappingToken);
    for (const rotator of rotators) {
      const opened = await rotator.open(sealed);
      expect(opened?.wrappingToken.matches(wrappingToken)).toBe(true);
    }
  });

  it.each([
    ['read another secret', 'GET', 'data/legacy/payroll', undefined],
    ['read the metadata of another', 'GET', 'metadata/legacy/payroll', undefined],
    ['write another secret', 'POST', 'data/legacy/payroll', { data: { a: 'b' } }],
    ['make another secret', 'POST', 'data/legacy/new', { data: { a: 'b' } }],
    ['destroy a version of another', 'POST', 'destroy/legacy/payroll', { versions: [1] }],
    ['stage beside another', 'POST', `data/legacy/payroll.pending/${rotationId}`, { data: {} }],
    ['read what lies below', 'GET', 'data/legacy/ledger/below', undefined],
    ['read a similar name', 'GET', 'data/legacy/ledger2', undefined],
    ['write deeper than a pending value', 'POST', `data/${pending}/below`, { data: {} }],
    ['delete the secret', 'DELETE', 'data/legacy/ledger', undefined],
    ['delete a version', 'POST', 'delete/legacy/ledger', { versions: [1] }],
    ['undelete a version', 'POST', 'undelete/legacy/ledger', { versions: [1] }],
    ['erase the path', 'DELETE', 'metadata/legacy/ledger', undefined],
    ['write its metadata', 'POST', 'metadata/legacy/ledger', { max_versions: 1 }],
    ['change its settings', 'PATCH', 'metadata/legacy/ledger', { max_versions: 1 }],
    ['list beside it', 'LIST', 'metadata/legacy', undefined],
    ['list the pending values', 'LIST', 'metadata/legacy/ledger.pending', undefined],
    ['list the mount', 'LIST', 'metadata', undefined],
    ['read what the STS reads', 'GET', 'data/postern/partner-introspection', undefined],
    ['read a privileged account of another', 'GET', 'data/postern/rotator-x', undefined],
    ['erase the intake key', 'DELETE', 'metadata/postern/rotator-intake', undefined],
    ['change the mount', 'POST', 'config', { max_versions: 1 }],
  ])('cannot %s', async (_what, method, path, body) => {
    const answer = await admin.ask(method, `${mount}/${path}`, body, vaultToken);
    expect(answer.status).toBe(403);
  });

  it('cannot replace the intake key', async () => {
    const path = `${mount}/data/postern/rotator-intake`;
    await admin.ask('POST', path, { data: { jwk: '{}' } });
    const answer = await admin.ask('POST', path, { data: { jwk: '{}' } }, vaultToken);
    expect(answer.status).toBe(403);
  });

  it.each([
    ['GET', 'sys/mounts'],
    ['POST', 'auth/token/create'],
    ['LIST', 'auth/token/accessors'],
    ['POST', 'sys/wrapping/wrap'],
  ])('cannot %s %s', async (method, path) => {
    const body = method === 'POST' ? {} : undefined;
    expect((await admin.ask(method, path, body, vaultToken)).status).toBe(403);
  });

  it('refuses what a registration names without the policy, and says where to look', async () => {
    const payroll = { mount, path: 'legacy/payroll' };
    const place = { after: 1, token: randomUUID() };
    for (const call of [
      () => secrets.stage(payroll, rotationId, fieldsOf('x')),
      () => secrets.staged(payroll, rotationId),
      () => secrets.discard(payroll, rotationId),
      () => secrets.write(payroll, place, fieldsOf('x')),
      () => secrets.destroy(payroll, 1),
    ]) {
      await expect(call()).rejects.toMatchObject({ condition: 'denied' });
      await expect(call()).rejects.toThrow(/deploy\/vault\/rotator\.hcl/);
    }
    const read = await admin.must('GET', `${mount}/data/legacy/payroll`);
    expect(read).toMatchObject({ data: { data: { password: 'first' }, metadata: { version: 1 } } });
  });
});

describeWithServer('beside the rotator, the other policies of deploy/vault', 'openbao', () => {
  let admin: OpenBaoAdmin;
  let mount: string;
  const place = randomId('rot');

  beforeAll(async () => {
    admin = openBaoAdmin();
    mount = await admin.mountKv();
    for (const path of [
      'legacy/ledger',
      `legacy/ledger.pending/${place}`,
      'postern/partner-introspection',
      'postern/rotator-intake',
      'postern/rotator-ledger-admin',
    ]) {
      await admin.must('POST', `${mount}/data/${path}`, { data: { password: 'first' } });
    }
  });

  it('let the proxy read the secret and nothing of its rotation', async () => {
    const { vaultToken } = await loginWith(admin, mount, ['proxy']);
    const ask = (method: string, path: string, body?: object) =>
      admin.ask(method, `${mount}/${path}`, body, vaultToken).then(({ status }) => status);
    expect(await ask('GET', 'data/legacy/ledger')).toBe(200);
    expect(await ask('GET', `data/legacy/ledger.pending/${place}`)).toBe(403);
    expect(await ask('GET', `metadata/legacy/ledger.pending/${place}`)).toBe(403);
    expect(await ask('LIST', 'metadata/legacy/ledger.pending')).toBe(403);
    expect(await ask('LIST', 'metadata/legacy')).toBe(403);
    expect(await ask('POST', 'data/legacy/ledger', { data: { a: 'b' } })).toBe(403);
    expect(await ask('POST', `data/legacy/ledger.pending/${place}`, { data: {} })).toBe(403);
    expect(await ask('POST', 'destroy/legacy/ledger', { versions: [1] })).toBe(403);
    expect(await ask('GET', 'data/postern/rotator-intake')).toBe(403);
  });

  it('let neither the proxy nor the rotator unwrap by their own login; the token itself may', async () => {
    const tokens = new VaultWrappingTokens({
      settings: { address: admin.address, auth: { kind: 'token', token: Secret.of('unused') } },
    });
    for (const file of ['proxy', 'rotator']) {
      const { vaultToken } = await loginWith(admin, mount, [file]);
      const wrapped = await admin.wrapRead(`${mount}/data/legacy/ledger`, 60);
      const answer = await admin.ask('POST', 'sys/wrapping/unwrap', { token: wrapped }, vaultToken);
      expect(answer.status).toBe(403);
      expect(JSON.stringify(answer.body)).not.toContain('first');
      expect(await tokens.unwrap(Secret.of(wrapped))).toHaveProperty('fields');
    }
    await tokens.close();
  });

  it('keep the intake key and the privileged accounts from the STS', async () => {
    const { vaultToken } = await loginWith(admin, mount, ['sts']);
    const read = (path: string) =>
      admin.ask('GET', `${mount}/data/postern/${path}`, undefined, vaultToken);
    expect((await read('partner-introspection')).status).toBe(200);
    expect((await read('rotator-intake')).status).toBe(403);
    expect((await read('rotator-ledger-admin')).status).toBe(403);
  });

  it('give the standalone process, which has all three, what each of its parts needs', async () => {
    const { vaultToken } = await loginWith(admin, mount, ['proxy', 'sts', 'rotator']);
    for (const path of [
      'legacy/ledger',
      'postern/partner-introspection',
      'postern/rotator-intake',
    ]) {
      const answer = await admin.ask('GET', `${mount}/data/${path}`, undefined, vaultToken);
      expect(answer.status).toBe(200);
    }
    const written = await admin.ask(
      'POST',
      `${mount}/data/legacy/ledger`,
      { options: { cas: 1 }, data: { password: 'second' } },
      vaultToken,
    );
    expect(written.status).toBe(200);
  });
});
