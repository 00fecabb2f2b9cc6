import { VaultSecretStore, type VaultAuth } from '#adapters/vault';
import {
  PinnedCredentials,
  SecretNotFound,
  type SecretRef,
  type SecretVersion,
} from '#credentials';
import { type Clock, Secret, SystemClock } from '#kernel';
import { describeWithServer, type OpenBaoAdmin, TestOpenBao } from '#test-support';

const ledger: SecretRef = { mount: 'kv', path: 'legacy/ledger' };
const payroll: SecretRef = { mount: 'kv', path: 'legacy/payroll' };
const READ_ALL = `path "kv/data/*" { capabilities = ["read"] }
  path "kv/metadata/*" { capabilities = ["read"] }`;

/** The system clock, which a test may set ahead. */
class AdvancedClock implements Clock {
  aheadSeconds = 0;
  now(): Date {
    return new Date(new SystemClock().now().getTime() + this.aheadSeconds * 1000);
  }
}

const revealed = (version: SecretVersion | undefined): string | undefined =>
  version?.fields.get('password')?.reveal();

describeWithServer('the Vault secret store, when Vault fails', 'openbao', () => {
  let bao: TestOpenBao;
  let admin: OpenBaoAdmin;
  let clock: AdvancedClock;
  const opened: VaultSecretStore[] = [];

  const write = async (ref: SecretRef, password: string): Promise<void> => {
    await admin.must('POST', `${ref.mount}/data/${ref.path}`, { data: { password } });
  };
  const open = (auth: VaultAuth, onProblem?: () => void): VaultSecretStore => {
    const store = new VaultSecretStore({
      settings: { address: bao.address, auth },
      clock: new SystemClock(),
      ...(onProblem === undefined ? {} : { onProblem }),
    });
    opened.push(store);
    return store;
  };
  const appRole = async (terms: {
    tokenTtl?: string;
    tokenMaxTtl?: string;
  }): Promise<VaultAuth> => {
    const role = await admin.appRole({ policies: ['postern-proxy'], ...terms });
    return { kind: 'approle', ...role, secretId: Secret.of(role.secretId) };
  };
  /** Resolves when `holds` does; the test's own timeout is the deadline. */
  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await holds())) await new Promise((next) => setTimeout(next, 20));
  };
  /** Reads again and again for that long, and resolves to how often. Rejects with the first failure. */
  const readFor = async (store: VaultSecretStore, milliseconds: number): Promise<number> => {
    const ended = AbortSignal.timeout(milliseconds);
    let reads = 0;
    await until(async () => {
      await store.read(ledger, 1);
      reads += 1;
      return ended.aborted;
    });
    return reads;
  };

  beforeAll(async () => {
    bao = await TestOpenBao.startSealed();
    await bao.unseal();
    admin = bao.admin;
    await admin.must('POST', 'sys/mounts/kv', { type: 'kv', options: { version: '2' } });
  }, 180_000);
  afterAll(() => bao.dispose());

  beforeEach(async () => {
    clock = new AdvancedClock();
    await admin.writePolicy('postern-proxy', READ_ALL);
    await admin.ask('DELETE', 'kv/metadata/legacy/ledger');
    await write(ledger, 'first');
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  it('goes on with the known version while Vault is sealed, and refuses what it does not know', async () => {
    const store = open(await appRole({}));
    const pinned = new PinnedCredentials({ store, clock });
    await pinned.current(ledger);
    expect(await store.status()).toEqual({ condition: 'ready' });
    await bao.seal();
    expect(await store.status()).toMatchObject({ condition: 'sealed' });
    clock.aheadSeconds = 20;
    expect(revealed(await pinned.current(ledger))).toBe('first');
    await expect(pinned.current(payroll)).rejects.toMatchObject({ condition: 'sealed' });
    clock.aheadSeconds = 320;
    await expect(pinned.current(ledger)).rejects.toMatchObject({ condition: 'sealed' });
    await bao.unseal();
    clock.aheadSeconds = 330;
    await until(() =>
      pinned.current(ledger).then(
        () => true,
        () => false,
      ),
    );
    expect(await store.status()).toEqual({ condition: 'ready' });
  });

  it('says that Vault cannot be reached while it is stopped, and reads again once it is back', async () => {
    const store = open(await appRole({}));
    await store.read(ledger, 1);
    await bao.stop();
    await expect(store.read(ledger, 1)).rejects.toMatchObject({ condition: 'unreachable' });
    expect(await store.status()).toMatchObject({ condition: 'unreachable' });
    await bao.start();
    await bao.unseal();
    expect(revealed(await store.read(ledger, 1))).toBe('first');
  });

  it('logs in anew, once for all, when its token was revoked', async () => {
    const store = open(await appRole({}));
    await store.read(ledger, 1);
    await admin.revokeTokensOf('postern-proxy');
    const before = await admin.tokenCount();
    const reads = await Promise.all(Array.from({ length: 16 }, () => store.read(ledger, 1)));
    expect(reads.map(revealed)).toEqual(Array.from({ length: 16 }, () => 'first'));
    expect(await admin.tokenCount()).toBe(before + 1);
  });

  it('renews its token in time, so that it reads past its life without another login', async () => {
    const store = open(await appRole({ tokenTtl: '4s', tokenMaxTtl: '1h' }));
    await store.read(ledger, 1);
    const before = await admin.tokenCount();
    expect(await readFor(store, 9_000)).toBeGreaterThan(10);
    expect(await admin.tokenCount()).toBe(before);
  });

  it('logs in anew before the greatest life of its token ends, without a failed read', async () => {
    const store = open(await appRole({ tokenTtl: '4s', tokenMaxTtl: '6s' }));
    expect(await readFor(store, 10_000)).toBeGreaterThan(10);
  });

  it('takes a policy that no longer permits for a no, without logging in again and again', async () => {
    const store = open(await appRole({}));
    const pinned = new PinnedCredentials({ store, clock });
    await pinned.current(ledger);
    const before = await admin.tokenCount();
    await admin.writePolicy('postern-proxy', 'path "kv/data/other" { capabilities = ["read"] }');
    for (let attempt = 0; attempt < 5; attempt += 1) {
      await expect(store.read(ledger, 1)).rejects.toMatchObject({ condition: 'denied' });
    }
    expect(await admin.tokenCount()).toBe(before);
    clock.aheadSeconds = 20;
    pinned.peek(ledger);
    await until(() => pinned.peek(ledger) === undefined);
    await expect(pinned.current(ledger)).rejects.toMatchObject({ condition: 'denied' });
  });

  it('is refused with a secret id that is wrong, and asks Vault at most once a second', async () => {
    const role = await appRole({});
    const store = open({ ...role, secretId: Secret.of('wrong') } as VaultAuth);
    const refusals = await Promise.allSettled(
      Array.from({ length: 20 }, () => store.read(ledger, 1)),
    );
    const reasons = new Set(
      refusals.map((refusal) =>
        refusal.status === 'rejected' ? (refusal.reason as unknown) : undefined,
      ),
    );
    expect(reasons.size).toBe(1);
    expect([...reasons][0]).toMatchObject({ condition: 'denied' });
    await expect(store.read(ledger, 1)).rejects.toBe([...reasons][0]);
    expect(await store.status()).toMatchObject({ condition: 'denied' });
  });

  it('reads with a token that was given to it, renews it, and says so when it has ended', async () => {
    const problems: string[] = [];
    const given = await admin.createToken({ policies: ['postern-proxy'], ttl: '4s' });
    const store = open({ kind: 'token', token: Secret.of(given) }, () => problems.push('told'));
    expect(await readFor(store, 7_000)).toBeGreaterThan(10);
    await admin.must('POST', 'auth/token/revoke', { token: given });
    await expect(store.read(ledger, 1)).rejects.toMatchObject({ condition: 'denied' });
    await until(() => problems.length > 0);
    expect(problems).toEqual(['told']);
  });

  it('reads the new secret of a path that was erased and written again', async () => {
    const pinned = new PinnedCredentials({ store: open(await appRole({})), clock });
    await pinned.current(ledger);
    await admin.must('DELETE', 'kv/metadata/legacy/ledger');
    clock.aheadSeconds = 20;
    pinned.peek(ledger);
    await until(() => pinned.peek(ledger) === undefined);
    await expect(pinned.current(ledger)).rejects.toThrow(SecretNotFound);
    await write(ledger, 'recreated');
    clock.aheadSeconds = 40;
    expect(revealed(await pinned.current(ledger))).toBe('recreated');
  });

  it('keeps the pinned version while an admin writes, and takes the new one at the refresh', async () => {
    const pinned = new PinnedCredentials({ store: open(await appRole({})), clock });
    await pinned.current(ledger);
    await write(ledger, 'second');
    expect(revealed(await pinned.current(ledger))).toBe('first');
    clock.aheadSeconds = 20;
    await until(() => revealed(pinned.peek(ledger)) === 'second');
    expect(pinned.versionsInUse()).toEqual([{ ref: ledger, version: 2 }]);
  });
});
