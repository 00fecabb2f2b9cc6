import { randomBytes } from 'node:crypto';
import { PosternClient } from '#client';
import { EchoingLedger } from '../demo/echoing-ledger.js';
import { ledgerRotation } from '../demo/rotation-under-load.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { openBaoAdmin } from '../support/openbao.js';
import { makePosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';
import { testPostgres } from '../support/postgres.js';
import { grantRotations, RotationDesk } from '../support/rotation-desk.js';
import { makeStandalone } from '../support/standalone.js';
import { SteadyCalls } from '../support/steady-calls.js';

const username = 'ledger-svc';
const newPassword = (): string => `legacy-${randomBytes(12).toString('hex')}`;

describe('standalone without Vault', () => {
  it('refuses to start where wrapping tokens are to be taken: its sealed store knows none', async () => {
    const rotation = {
      ...ledgerRotation,
      wrapped: { creationPath: 'secret/data/intake/ledger' },
    };
    const standalone = await makeStandalone({
      destination: 'http://127.0.0.1:9/api',
      resource: { rotation },
      ...{ username, password: newPassword() },
    });
    await expect(standalone.start()).rejects.toThrow(
      /resources "ledger"\.rotation\.wrapped: wrapping tokens are those of Vault: set VAULT_ADDR, or remove it/,
    );
    await standalone.process.stop();
  }, 120_000);
});

describeWithServer('standalone with Vault', 'openbao', () => {
  describeWithServer('and a database', 'postgres-18', () => {
    it('rotates while calls go on', async () => {
      const password = newPassword();
      const ledger = await EchoingLedger.start(username, password);
      const [vault, database] = [openBaoAdmin(), (await testPostgres())!];
      const mount = await vault.mountKv();
      await vault.must('POST', `${mount}/data/legacy/ledger`, { data: { username, password } });
      const folder = await makePosternFolder({
        destination: `${ledger.origin}/api`,
        resource: {
          credential: { ref: { mount, path: 'legacy/ledger' } },
          rotation: { ...ledgerRotation, wrapped: { creationPath: `${mount}/data/intake/ledger` } },
        },
        overrides: { rotator: { intakeKey: { mount, path: 'postern/rotator-intake' } } },
      });
      grantRotations(folder);
      const standalone = new PosternProcess({
        app: 'standalone',
        readyUrl: `${folder.adminOrigin}/readyz`,
        environment: {
          POSTERN_CONFIG: folder.configFile,
          DATABASE_URL: database.url,
          VAULT_ADDR: vault.address,
          VAULT_TOKEN: vault.rootToken,
        },
      });
      await standalone.start();
      const client = new PosternClient(folder.publicOrigin);
      const subjectToken = await folder.issuer.mint('settler');
      const { handle } = await client.exchange({ subjectToken, audience: 'ledger' });
      const calls = new SteadyCalls(
        async () => {
          const response = await client.call(handle, 'ledger', 'accounts/42');
          await response.arrayBuffer();
          return response.status;
        },
        { callers: 4 },
      );
      const desk = await RotationDesk.open(folder);
      const { id } = await desk.requestInHand('ledger');
      expect(await desk.ended(id)).toMatchObject({ state: 'done', from_version: 1, to_version: 2 });
      await calls.end();
      expect([calls.failed, ledger.passwords.length]).toEqual([[], 2]);
      expect(await standalone.stop()).toBe(0);
      ledger.stop();
      await database.drop();
    }, 180_000);
  });
});
