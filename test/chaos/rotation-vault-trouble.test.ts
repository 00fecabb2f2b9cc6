import { readFile } from 'node:fs/promises';
import { RotatorIntake } from '#adapters/intake';
import {
  VaultRotatedSecrets,
  VaultSecretStore,
  type VaultSettings,
  VaultWrappingTokens,
} from '#adapters/vault';
import { Secret, SystemClock } from '#kernel';
import { isEnded } from '#rotation';
import { InMemoryIntakeKeys, legacyValue } from '#testing';
import { describeWithServer, type OpenBaoAdmin, TestOpenBao } from '#test-support';
import { intakePathOf, pathOf, RotationTrial, type TrialStores } from './rotation-trial.js';
import { STOPS } from './vault-trouble-stops.js';

const MOUNT = 'kv';
const TROUBLE_MS = 60_000;
const DEADLINE_MS = 30 * 60_000;
const GIVEN_UP_MS_MAX = 2 * DEADLINE_MS;
const WRAP_SECONDS = 300;
const INTAKE_KEY = 'postern/rotator-intake';

interface Trouble {
  readonly name: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}

describeWithServer('rotations while Vault has trouble', 'openbao', () => {
  const clock = new SystemClock();
  let bao: TestOpenBao;
  let admin: OpenBaoAdmin;
  let settings: VaultSettings;
  let policies: ReadonlyMap<string, string>;
  let stores: TrialStores;
  const opened: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    bao = await TestOpenBao.startSealed();
    await bao.unseal();
    admin = bao.admin;
    await admin.must('POST', `sys/mounts/${MOUNT}`, { type: 'kv', options: { version: '2' } });
    policies = await shippedPolicies();
    await allow();
    const role = await admin.appRole({
      policies: [...policies.keys()],
      withoutDefaultPolicy: true,
    });
    const auth = { kind: 'approle', ...role, secretId: Secret.of(role.secretId) } as const;
    settings = { address: bao.address, auth };
  }, 180_000);
  afterAll(() => bao.dispose());

  beforeEach(() => {
    const secrets = new VaultRotatedSecrets({ settings, clock });
    const values = new VaultSecretStore({ settings, clock });
    const wrapping = new VaultWrappingTokens({ settings });
    const ref = { mount: MOUNT, path: INTAKE_KEY };
    const keys = new InMemoryIntakeKeys();
    const intake = new RotatorIntake({ store: values, secrets, ref, keys });
    opened.push(secrets, values, wrapping);
    const wrapRead = (path: string): Promise<string> => admin.wrapRead(path, WRAP_SECONDS);
    stores = { secrets, values, wrapping, intake, put, wrapRead };
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    const paths = STOPS.flatMap((stop) => [pathOf(stop), intakePathOf(stop)]);
    await Promise.all(
      [...new Set(paths)].map((path) => admin.must('DELETE', `${MOUNT}/metadata/${path}`)),
    );
  });

  const troubles: readonly Trouble[] = [
    { name: 'is sealed', begin: () => bao.seal(), end: () => bao.unseal() },
    {
      name: 'is stopped and started again',
      begin: () => bao.stop(),
      end: async () => {
        await bao.start();
        await bao.unseal();
      },
    },
    { name: 'permits nothing any more', begin: () => forbid(), end: () => allow() },
  ];

  it.each(troubles)(
    'wait in a named state with calls going on when it $name, and end well after that',
    async (trouble) => {
      const trials = await begun();
      await trouble.begin();
      await inEach(trials, async (trial) => {
        await trial.goOn(trial.ageMs + TROUBLE_MS);
        const { state } = trial.rotation;
        // Some need nothing of it any more.
        expect([trial.name, isEnded(state) && state !== 'done']).toEqual([trial.name, false]);
        expectCallsGoOn(trial);
      });
      await trouble.end();
      await expectAllWell(trials);
    },
    60_000,
  );

  it('do not notice that their login was revoked in each of their steps', async () => {
    const trials = await begun();
    const before = await admin.tokenCount();
    await admin.revokeTokensOf([...policies.keys()][0]!);
    expect(await admin.tokenCount()).toBeLessThan(before);
    await expectAllWell(trials);
  }, 60_000);

  it('are given up in a named state when it stays sealed, and calls go on wherever they can', async () => {
    const trials = await begun();
    await bao.seal();
    await inEach(trials, async (trial) => {
      await trial.goOn(GIVEN_UP_MS_MAX);
      expect([trial.name, trial.rotation.state]).toEqual([trial.name, trial.stop.givenUp]);
      expectCallsGoOn(trial);
    });
    await bao.unseal();
  }, 60_000);

  const begun = (): Promise<readonly RotationTrial[]> =>
    Promise.all(
      STOPS.map((stop) => new RotationTrial(stop, stores, MOUNT, DEADLINE_MS)).map((trial) =>
        trial.begin(),
      ),
    );

  /** With two slots always; with one unless it is not known which value the legacy system takes. */
  function expectCallsGoOn(trial: RotationTrial): void {
    const { name, takesCalls, currentWorks } = trial;
    const { kind } = trial.stop;
    if (kind !== 'single_slot') expect([name, takesCalls]).toEqual([name, true]);
    if (takesCalls) expect([name, currentWorks]).toEqual([name, true]);
  }

  async function expectAllWell(trials: readonly RotationTrial[]): Promise<void> {
    await inEach(trials, async (trial) => {
      await trial.goOn();
      await trial.readVersions();
      const { name, rotation, takesCalls, currentWorks, currentVersion, stop } = trial;
      const { state, version } = stop.ends ?? { state: 'done', version: 2 };
      expect({ name, state: rotation.state, takesCalls, currentWorks, currentVersion }).toEqual({
        ...{ name, state, takesCalls: true, currentWorks: true, currentVersion: version },
      });
    });
  }

  /** At once: most of it is waiting for the store. */
  async function inEach(
    trials: readonly RotationTrial[],
    act: (trial: RotationTrial) => Promise<void>,
  ): Promise<void> {
    await Promise.all(trials.map(act));
  }

  async function put(path: string, fields: Parameters<TrialStores['put']>[1]): Promise<number> {
    const data = { username: 'svc', password: legacyValue(fields) };
    const answer = await admin.must('POST', `${MOUNT}/data/${path}`, { data });
    return (answer as { data: { version: number } }).data.version;
  }

  /** By name: one for each secret, as deploy/vault/README.md says. */
  async function shippedPolicies(): Promise<ReadonlyMap<string, string>> {
    const hcl = (await readFile('deploy/vault/rotator.hcl', 'utf8')).replaceAll(
      '"secret/',
      `"${MOUNT}/`,
    );
    return new Map(
      STOPS.map((stop, index) => [
        `rotator-${index}`,
        hcl.replaceAll('legacy/ledger', pathOf(stop)),
      ]),
    );
  }

  async function allow(): Promise<void> {
    for (const [name, hcl] of policies) await admin.writePolicy(name, hcl);
  }

  async function forbid(): Promise<void> {
    const nothing = `path "${MOUNT}/data/other" { capabilities = ["read"] }`;
    for (const name of policies.keys()) await admin.writePolicy(name, nothing);
  }
});
