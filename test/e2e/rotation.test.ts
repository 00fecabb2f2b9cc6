import { randomBytes } from 'node:crypto';
import { PosternClient } from '#client';
import { EchoingLedger } from '../demo/echoing-ledger.js';
import { ledgerRotation } from '../demo/rotation-under-load.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { RotationDeployment } from '../support/rotation-deployment.js';
import { type RotationDesk, type ShownRotation } from '../support/rotation-desk.js';
import { SteadyCalls } from '../support/steady-calls.js';
import { until } from '../support/until.js';

const USERNAME = 'ledger-svc';
const newPassword = (): string => `legacy-${randomBytes(12).toString('hex')}`;
const LEDGER = 'legacy/ledger';
const ARCHIVE = 'legacy/archive';
/** The version watch looks every ten seconds and a fifth. */
const WATCH_DEADLINE_MS = 40_000;
const ROTATION_DEADLINE = '30s';
const ENDED_DEADLINE_MS = 90_000;

const describeOnAll = (body: () => void): void =>
  describeWithServer('with secrets', 'openbao', () =>
    describeWithServer('with a database', 'postgres-18', body),
  );

describeOnAll(() => {
  describe('rotation by processes of their own, each with its own rights', () => {
    let ledger: EchoingLedger;
    let archive: EchoingLedger;
    let deployment: RotationDeployment;
    let desk: RotationDesk;
    let calls: SteadyCalls;

    beforeAll(async () => {
      const [ledgerPassword, archivePassword] = [newPassword(), newPassword()];
      ledger = await EchoingLedger.start(USERNAME, ledgerPassword);
      archive = await EchoingLedger.start(USERNAME, archivePassword);
      deployment = await RotationDeployment.start({
        destination: `${ledger.origin}/api`,
        ledger: (mount) => ({
          credential: { ref: { mount, path: LEDGER } },
          rotation: { ...ledgerRotation, deadline: ROTATION_DEADLINE },
        }),
        others: (mount) => [
          {
            id: 'archive',
            destination: `${archive.origin}/api`,
            credential: { ref: { mount, path: ARCHIVE } },
            rotation: { ...ledgerRotation, schedule: { cron: '* * * * *', window: '1m' } },
          },
        ],
        secrets: [
          { path: LEDGER, fields: { username: USERNAME, password: ledgerPassword } },
          { path: ARCHIVE, fields: { username: USERNAME, password: archivePassword } },
        ],
        proxies: 2,
      });
      desk = await deployment.desk();
      const handle = await deployment.handleFor('ledger', ['ledger.read']);
      const clients = deployment.proxies.map(({ origin }) => new PosternClient(origin));
      calls = new SteadyCalls(async (caller) => {
        const client = clients[caller % clients.length]!;
        const response = await client.call(handle, 'ledger', 'accounts/42');
        await response.arrayBuffer();
        return response.status;
      });
    }, 180_000);

    afterAll(async () => {
      await calls.end();
      await deployment.stop();
      ledger.stop();
      archive.stop();
      await deployment.database.drop();
    }, 60_000);

    const rotationTo = async (version: number): Promise<ShownRotation> => {
      let found: ShownRotation | undefined;
      await until(
        `a rotation to version ${version} begins`,
        async () => {
          found = (await desk.list('ledger')).find(({ to_version: to }) => to === version);
          return found !== undefined;
        },
        WATCH_DEADLINE_MS,
      );
      return found!;
    };

    it('makes a new password when an operator asks for one, and no call fails', async () => {
      const { id } = await desk.requestInHand('ledger');
      const rotation = await desk.ended(id);
      expect(rotation).toMatchObject({
        ...{ state: 'done', kind: 'single_slot', origin: 'generated', trigger: 'admin' },
        ...{ from_version: 1, to_version: 2, error_class: null },
      });
      expect(ledger.passwords).toHaveLength(2);
      expect(await deployment.newestVersion(LEDGER)).toBe(2);
      const before = calls.total;
      await until('calls go on', () => calls.total > before + 20, 30_000);
      expect(calls.failed).toEqual([]);
      expect(ledger.refused).toBe(0);
    }, 120_000);

    it('tells of each step on the outbox, and of how the credential stands', async () => {
      const events = await deployment.eventsOf('rotation');
      const states = events
        .filter(({ data }) => data['resource'] === 'ledger')
        .map(({ data }) => data['state'])
        .join(' ')
        // Calls that do not end in time are let go on, and it begins to hold them once more.
        .replace(/(?:staged quiescing )+/, 'staged quiescing ');
      expect(states).toBe(
        'requested staged quiescing applying applied verifying verified ' +
          'promoting resumed promoted draining retiring done',
      );
      const standing = (await deployment.eventsOf('credential')).filter(
        ({ data }) => data['resource'] === 'ledger',
      );
      expect(standing.at(0)?.data).toMatchObject({ current_version: 1, state: 'active', epoch: 1 });
      expect(standing.at(-1)?.data).toMatchObject({
        current_version: 2,
        state: 'active',
        epoch: 2,
      });
    });

    it('takes over what an administrator writes to the store, and no call fails', async () => {
      const password = newPassword();
      ledger.addPassword(password);
      await deployment.writeSecret(LEDGER, { username: USERNAME, password });
      const { id } = await rotationTo(3);
      expect(await desk.ended(id)).toMatchObject({
        ...{ state: 'done', kind: 'external', origin: 'vault', trigger: 'vault_change' },
      });
      expect(await desk.credential('ledger')).toMatchObject({ current_version: 3, gate: 'open' });
      ledger.endOldPassword();
      const before = calls.total;
      await until('calls go on', () => calls.total > before + 20, 30_000);
      expect(calls.failed).toEqual([]);
    }, 120_000);

    it('leaves the old value in service when that of the administrator does not work, and pages', async () => {
      await deployment.writeSecret(LEDGER, { username: USERNAME, password: newPassword() });
      const { id } = await rotationTo(4);
      const rotation = await desk.ended(id, ENDED_DEADLINE_MS);
      expect(rotation.state).toBe('abandoned');
      expect(await desk.credential('ledger')).toMatchObject({
        current_version: 3,
        state: 'active',
      });
      const told = (await deployment.eventsOf('rotation')).find(
        ({ data }) => data['rotation_id'] === id && data['state'] === 'abandoned',
      );
      expect(told?.severity).toBe('ERROR');
      expect(calls.failed).toEqual([]);
    }, 180_000);

    it('rotates by its schedule, each of its times once', async () => {
      const rotations = await desk.list('archive');
      expect(rotations.length).toBeGreaterThan(0);
      expect(rotations.every(({ trigger }) => trigger === 'schedule')).toBe(true);
      const minutes = new Set(rotations.map(({ requested_at: at }) => at.slice(0, 16)));
      expect(minutes.size).toBe(rotations.length);
      expect(await desk.ended(rotations.at(-1)!.id)).toMatchObject({ state: 'done' });
    }, 60_000);

    it('tells on its admin port what it does', async () => {
      const { adminOrigin } = deployment.of('rotator');
      const text = await (await fetch(`${adminOrigin}/metrics`)).text();
      expect(text).toMatch(
        /^postern_rotation_transitions_total\{kind="single_slot",state="done"\} [1-9]/m,
      );
      expect(text).toMatch(/^postern_credential_breaker_open\{resource="ledger"\} 0$/m);
      const ready = (await (await fetch(`${adminOrigin}/readyz`)).json()) as { ready: boolean };
      expect(ready.ready).toBe(true);
    });

    it('has put no value into logs, events or rows', async () => {
      const [row] = await deployment.database.database.query<{ dump: string }>(
        `select concat(
          (select string_agg(payload::text, '') from public.outbox),
          (select string_agg(r::text, '') from public.rotation r),
          (select string_agg(c::text, '') from public.credential c)) as dump`,
      );
      const texts = [row?.dump ?? '', deployment.output];
      for (const password of [...ledger.passwords, ...archive.passwords]) {
        const basic = Buffer.from(`${USERNAME}:${password}`).toString('base64');
        for (const text of texts) {
          expect(text.includes(password) || text.includes(basic)).toBe(false);
        }
      }
      expect(deployment.output).toContain('promoting -> resumed');
    });

    it('stops each process in order when asked', async () => {
      await calls.end();
      const codes = await deployment.stop();
      expect(codes).toEqual({ sts: 0, 'proxy-1': 0, 'proxy-2': 0, control: 0, rotator: 0 });
    }, 60_000);
  });
});
