import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  VaultRotatedSecrets,
  VaultSecretStore,
  type VaultSettings,
  VaultWrappingTokens,
} from '#adapters/vault';
import { SecretStoreUnavailable } from '#credentials';
import { Secret, SystemClock } from '#kernel';
import { describeWithServer, type OpenBaoAdmin, TestOpenBao } from '#test-support';

const clock = new SystemClock();
const ref = { mount: 'kv', path: 'legacy/ledger' };
const rotationId = 'rot_0000000000000000000000';
const POLICY = 'postern-rotator';
const fieldsOf = (password: string): ReadonlyMap<string, Secret> =>
  new Map([['password', Secret.of(password)]]);

describeWithServer('the rotated secrets of Vault, when Vault fails', 'openbao', () => {
  let bao: TestOpenBao;
  let admin: OpenBaoAdmin;
  let hcl: string;
  let settings: VaultSettings;
  let secrets: VaultRotatedSecrets;
  let tokens: VaultWrappingTokens;
  const opened: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    bao = await TestOpenBao.startSealed();
    await bao.unseal();
    admin = bao.admin;
    await admin.must('POST', 'sys/mounts/kv', { type: 'kv', options: { version: '2' } });
    hcl = (await readFile('deploy/vault/rotator.hcl', 'utf8')).replaceAll('"secret/', '"kv/');
  }, 180_000);
  afterAll(() => bao.dispose());

  beforeEach(async () => {
    await admin.writePolicy(POLICY, hcl);
    await admin.ask('DELETE', 'kv/metadata/legacy/ledger');
    await admin.must('POST', 'kv/data/legacy/ledger', { data: { password: 'first' } });
    await admin.must('POST', 'kv/data/legacy/ledger', { data: { password: 'second' } });
    const role = await admin.appRole({ policies: [POLICY], withoutDefaultPolicy: true });
    const auth = { kind: 'approle', ...role, secretId: Secret.of(role.secretId) } as const;
    settings = { address: bao.address, auth };
    secrets = new VaultRotatedSecrets({ settings, clock });
    tokens = new VaultWrappingTokens({ settings });
    opened.push(secrets, tokens);
    // Logged in before anything happens.
    await secrets.discard(ref, rotationId);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
  });

  const everyCall = (): (() => Promise<unknown>)[] => [
    () => secrets.stage(ref, rotationId, fieldsOf('pending')),
    () => secrets.staged(ref, rotationId),
    () => secrets.write(ref, { after: 2, token: randomUUID() }, fieldsOf('third')),
    () => secrets.destroy(ref, 1),
    () => secrets.discard(ref, rotationId),
  ];

  const expectRefused = async (
    condition: SecretStoreUnavailable['condition'],
    calls = everyCall(),
  ): Promise<void> => {
    for (const call of calls) {
      const refusal: unknown = await call().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).toBeInstanceOf(SecretStoreUnavailable);
      expect(refusal).toMatchObject({ condition });
    }
  };

  /** Two versions as they were written, and no pending value. */
  const expectUntouched = async (): Promise<void> => {
    const store = new VaultSecretStore({ settings, clock });
    opened.push(store);
    expect((await store.currentVersion(ref)).version).toBe(2);
    expect((await store.read(ref, 1)).fields.get('password')?.reveal()).toBe('first');
    expect(await secrets.staged(ref, rotationId)).toBeUndefined();
  };

  it('refuse everything while it is sealed, and go on once it is unsealed', async () => {
    await bao.seal();
    await expectRefused('sealed');
    await bao.unseal();
    await expectUntouched();
    await secrets.stage(ref, rotationId, fieldsOf('pending'));
    expect((await secrets.staged(ref, rotationId))?.size).toBe(1);
  });

  it('refuse everything while it is stopped, and go on after its restart', async () => {
    await secrets.stage(ref, rotationId, fieldsOf('pending'));
    await bao.stop();
    await expectRefused('unreachable');
    await bao.start();
    await expectRefused('sealed');
    await bao.unseal();
    const staged = await secrets.staged(ref, rotationId);
    expect(staged?.get('password')?.reveal()).toBe('pending');
    await secrets.discard(ref, rotationId);
    await expectUntouched();
  });

  it('log in anew when their login was revoked, in each call', async () => {
    for (const call of everyCall()) {
      await admin.revokeTokensOf(POLICY);
      const before = await admin.tokenCount();
      await call();
      expect(await admin.tokenCount()).toBe(before + 1);
    }
    const store = new VaultSecretStore({ settings, clock });
    opened.push(store);
    expect((await store.currentVersion(ref)).version).toBe(3);
  });

  it('are denied by a policy that permits nothing any more, and write again with the right one', async () => {
    await admin.writePolicy(POLICY, 'path "kv/data/other" { capabilities = ["read"] }');
    await expectRefused('denied');
    await admin.writePolicy(POLICY, hcl);
    await expectUntouched();
    expect(await secrets.write(ref, { after: 2, token: 'a' }, fieldsOf('third'))).toBe(3);
  });

  it('keep nothing half done when a right is missing in the middle: no value without a time of its end', async () => {
    await admin.writePolicy(
      POLICY,
      hcl.replaceAll(/(metadata\/legacy\/ledger)(\.pending)/g, '$1-x$2'),
    );
    await expectRefused('denied', [() => secrets.stage(ref, rotationId, fieldsOf('pending'))]);
    await expectUntouched();
  });

  it('write all the same when they may not note who wrote', async () => {
    await admin.writePolicy(POLICY, hcl.replace('"patch"', '"read"'));
    expect(await secrets.write(ref, { after: 2, token: 'a' }, fieldsOf('third'))).toBe(3);
  });

  it('leave a wrapping token as it is while it is sealed, and take it after', async () => {
    const token = Secret.of(await admin.wrapRead('kv/data/legacy/ledger', 300));
    await bao.seal();
    await expectRefused('sealed', [() => tokens.lookUp(token), () => tokens.unwrap(token)]);
    await bao.unseal();
    expect(await tokens.lookUp(token)).toMatchObject({ creationPath: 'kv/data/legacy/ledger' });
    expect(await tokens.unwrap(token)).toHaveProperty('fields');
  });

  it('leave a wrapping token as it is while it is stopped, and take it after', async () => {
    const token = Secret.of(await admin.wrapRead('kv/data/legacy/ledger', 300));
    await bao.stop();
    await expectRefused('unreachable', [() => tokens.lookUp(token), () => tokens.unwrap(token)]);
    await bao.start();
    await bao.unseal();
    expect(await tokens.unwrap(token)).toHaveProperty('fields');
  });
});
