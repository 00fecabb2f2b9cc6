import { readFile } from 'node:fs/promises';
import { VaultRotatedSecrets, VaultSecretStore, type VaultSettings } from '#adapters/vault';
import { Secret, SystemClock } from '#kernel';
import { isEnded } from '#rotation';
import { legacyValue } from '#testing';
import { describeWithServer, type OpenBaoAdmin, TestOpenBao } from '#test-support';
import { pathOf, RotationTrial, type Stop, type TrialStores } from './rotation-trial.js';

const MOUNT = 'kv';
const TROUBLE_MS = 60_000;
const DEADLINE_MS = 30 * 60_000;
const GIVEN_UP_MS_MAX = 2 * DEADLINE_MS;

/** Each state in which the secret store is asked, or that comes before one. */
const STOPS: readonly Stop[] = [
  { kind: 'dual_slot', state: 'requested', givenUp: 'abandoned' },
  { kind: 'dual_slot', state: 'staged', givenUp: 'abandoned' },
  { kind: 'dual_slot', state: 'applying', givenUp: 'abandoned' },
  { kind: 'dual_slot', state: 'applied', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'verifying', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'recovering', way: 'answer_lost', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'verified', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'promoting', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'promoted', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'draining', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'retiring', givenUp: 'manual_required' },
  { kind: 'single_slot', state: 'quiescing', givenUp: 'abandoned' },
  { kind: 'single_slot', state: 'applying', givenUp: 'abandoned' },
  { kind: 'single_slot', state: 'verifying', givenUp: 'manual_required' },
  { kind: 'single_slot', state: 'recovering', way: 'answer_lost', givenUp: 'manual_required' },
  { kind: 'single_slot', state: 'reconciling', way: 'out_of_sync', givenUp: 'manual_required' },
  { kind: 'single_slot', state: 'promoting', givenUp: 'manual_required' },
  { kind: 'single_slot', state: 'resumed', givenUp: 'done' },
  { kind: 'external', state: 'requested', givenUp: 'abandoned' },
  { kind: 'external', state: 'verifying', givenUp: 'abandoned' },
  { kind: 'external', state: 'promoting', givenUp: 'done' },
];

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
  }, 60_000);
  afterAll(() => bao.dispose());

  beforeEach(() => {
    const secrets = new VaultRotatedSecrets({ settings, clock });
    const values = new VaultSecretStore({ settings, clock });
    opened.push(secrets, values);
    stores = { secrets, values, put };
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    const paths = STOPS.map((stop) => `${MOUNT}/metadata/${pathOf(stop)}`);
    await Promise.all(paths.map((path) => admin.must('DELETE', path)));
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
      for (const trial of trials) {
        await trial.goOn(trial.ageMs + TROUBLE_MS);
        const { state } = trial.rotation;
        // Some need nothing of it any more.
        expect([trial.name, isEnded(state) && state !== 'done']).toEqual([trial.name, false]);
        expectCallsGoOn(trial);
      }
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
    for (const trial of trials) {
      await trial.goOn(GIVEN_UP_MS_MAX);
      expect([trial.name, trial.rotation.state]).toEqual([trial.name, trial.stop.givenUp]);
      expectCallsGoOn(trial);
    }
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
    for (const trial of trials) {
      await trial.goOn();
      await trial.readVersions();
      const { name, rotation, takesCalls, currentWorks, currentVersion } = trial;
      expect({ name, state: rotation.state, takesCalls, currentWorks, currentVersion }).toEqual({
        ...{ name, state: 'done', takesCalls: true, currentWorks: true, currentVersion: 2 },
      });
    }
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
