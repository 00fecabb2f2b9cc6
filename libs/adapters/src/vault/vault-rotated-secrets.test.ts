import { inspect } from 'node:util';
import { VaultRotatedSecrets, type VaultAuth } from '#adapters/vault';
import { PosternError, Secret, SystemClock } from '#kernel';
import { SecretMoved } from '#rotation';
import { jsonAnswer, ScriptedVault, type SeenRequest } from '#test-support';

const ref = { mount: 'secret', path: 'legacy/ledger' };
const rotationId = 'rot_0000000000000000000000';
const token: VaultAuth = { kind: 'token', token: Secret.of('canary-token-5b1f') };
const approle: VaultAuth = {
  kind: 'approle',
  roleId: 'postern',
  secretId: Secret.of('canary-secret-id-77aa'),
};
const fields = new Map([['password', Secret.of('canary-secret-e0c9')]]);
const MOVED = { errors: ['check-and-set parameter did not match the current version'] };
const login = { auth: { client_token: 'a-login', lease_duration: 0, renewable: false } };
const written = { data: { version: 3 } };

describe('the rotated secrets of Vault', () => {
  let vault: ScriptedVault;
  const opened: VaultRotatedSecrets[] = [];

  const open = (auth: VaultAuth): VaultRotatedSecrets => {
    const settings = { address: vault.address, auth };
    const secrets = new VaultRotatedSecrets({ settings, clock: new SystemClock() });
    opened.push(secrets);
    return secrets;
  };
  const write = (secrets: VaultRotatedSecrets): Promise<number> =>
    secrets.write(ref, { after: 2, token: 'a-rotation' }, fields);
  /** Answers by what is asked, in the order of the rules. */
  const answer = (...rules: [RegExp, number, unknown][]): void =>
    vault.answerWith((seen, response) => {
      const asked = `${seen.method} ${seen.url}`;
      const [, status, body] = rules.find(([which]) => which.test(asked)) ?? [/$/, 404, {}];
      jsonAnswer(status, body)(seen, response);
    });
  const asked = (): string[] => vault.seen.map(({ method, url }) => `${method} ${url}`);

  beforeEach(async () => {
    vault = await ScriptedVault.start(jsonAnswer(500, {}));
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((secrets) => secrets.close()));
    await vault.close();
  });

  it('write with the check that nobody wrote, then note who wrote, as a patch', async () => {
    answer([/login/, 200, login], [/POST .*data/, 200, written], [/PATCH/, 204, '']);
    expect(await write(open(approle))).toBe(3);
    const [, value, note] = vault.seen as [SeenRequest, SeenRequest, SeenRequest];
    expect(JSON.parse(value.body)).toEqual({
      options: { cas: 2 },
      data: { password: 'canary-secret-e0c9' },
    });
    expect(note.headers['content-type']).toBe('application/merge-patch+json');
    expect(JSON.parse(note.body)).toEqual({ custom_metadata: { rotation_id: 'a-rotation' } });
  });

  it('have moved by that one answer alone', async () => {
    answer([/login/, 200, login], [/data/, 400, MOVED]);
    await expect(write(open(approle))).rejects.toThrow(SecretMoved);
    answer([/login/, 200, login], [/data/, 400, { errors: ['check-and-set parameter required'] }]);
    await expect(write(open(approle))).rejects.toMatchObject({ condition: 'denied' });
    answer([/login/, 200, login], [/data/, 500, MOVED]);
    await expect(write(open(approle))).rejects.toMatchObject({ condition: 'unreachable' });
  });

  it('are written when the note fails, and even when Vault cuts it off', async () => {
    vault.answerWith((seen, response) => {
      if (seen.method === 'PATCH') response.destroy();
      else jsonAnswer(200, seen.url.includes('login') ? login : written)(seen, response);
    });
    expect(await write(open(approle))).toBe(3);
  });

  it('are sent once more after a login that has died, and not after anything else', async () => {
    let logins = 0;
    vault.answerWith((seen, response) => {
      if (seen.url.includes('/login')) logins += 1;
      const isDead = logins < 2;
      if (seen.url.includes('/login')) jsonAnswer(200, login)(seen, response);
      else jsonAnswer(isDead ? 403 : 200, isDead ? { errors: ['x'] } : written)(seen, response);
    });
    expect(await write(open(approle))).toBe(3);
    expect(asked().filter((what) => what === 'POST /v1/secret/data/legacy/ledger')).toHaveLength(2);

    vault.seen.splice(0);
    answer([/login/, 200, login], [/lookup-self/, 200, {}], [/data/, 403, { errors: ['x'] }]);
    await expect(write(open(approle))).rejects.toMatchObject({ condition: 'denied' });
    expect(asked().filter((what) => what.includes('/data/'))).toHaveLength(1);
  });

  it.each([400, 404, 412, 429, 500, 502, 503])(
    'are sent once when Vault answers %i: nobody knows what it has done',
    async (status) => {
      answer([/login/, 200, login], [/data/, status, { errors: ['x'] }]);
      await expect(write(open(approle))).rejects.toBeInstanceOf(PosternError);
      expect(asked().filter((what) => what.includes('/data/'))).toHaveLength(1);
    },
  );

  it.each([200, 204, 301, 307, 308, 400, 403, 404, 405, 412, 429, 500, 503])(
    'stay out of every error when Vault answers %i and quotes what it was sent',
    async (status) => {
      const canaries = ['canary-token-5b1f', 'canary-secret-id-77aa', 'canary-secret-e0c9'];
      const quoting = { errors: canaries, data: { data: { password: ['canary-secret-e0c9'] } } };
      vault.answerWith((seen, response) => {
        jsonAnswer(status, status === 204 ? '' : quoting, {
          location: `${vault.address}/v1/elsewhere`,
        })(seen, response);
      });
      for (const secrets of [open(token), open(approle)]) {
        const ended = await Promise.allSettled([
          secrets.stage(ref, rotationId, fields),
          secrets.staged(ref, rotationId),
          write(secrets),
          secrets.destroy(ref, 1),
          secrets.discard(ref, rotationId),
        ]);
        const refusals = ended.flatMap((one) =>
          one.status === 'rejected' ? [one.reason as unknown] : [],
        );
        expect(refusals.length).toBeGreaterThan(0);
        for (const refusal of refusals) {
          expect(refusal).toBeInstanceOf(PosternError);
          expect((refusal as Error).cause).toBeUndefined();
        }
        const printed = inspect([refusals, secrets], { depth: null, showHidden: true });
        expect(printed).not.toMatch(/canary/);
      }
      expect(asked().some((what) => what.includes('elsewhere'))).toBe(false);
    },
  );
});
