import { rmSync } from 'node:fs';
import { type FormParameters, formBody } from '#testing';
import { makeStandalone, type Standalone } from '../support/standalone.js';
import { Backend } from './call-path.js';

const FORM = 'application/x-www-form-urlencoded';
const HANDLE_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';
const PASSWORD = 'the-ledger-password-1987';
const AT_ONCE = 24;
const ROUNDS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 20 : 2;
const SUITE_TIMEOUT_MS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 900_000 : 120_000;

interface Issued {
  readonly handle: string;
  readonly id: string;
  readonly familyId: string;
}

/**
 * Keycloak CVE-2026-9802: what was revoked lived in a cache, so that a restart brought it back. P-06: here what a caller
 * was told to be revoked is on disk by then. The process is ended by SIGKILL, which leaves nobody the time to tidy up.
 */
describe('after a crash and a restart', () => {
  let backend: Backend;
  let postern: Standalone;
  beforeAll(async () => {
    backend = await Backend.start();
    const destination = `${backend.origin}/api`;
    postern = await makeStandalone({ destination, username: 'ledger-svc', password: PASSWORD });
    await postern.start();
  }, SUITE_TIMEOUT_MS);
  afterAll(async () => {
    await postern.process.stop();
    await backend.stop();
    rmSync(postern.folder, { recursive: true, force: true });
  }, SUITE_TIMEOUT_MS);

  const restart = async (): Promise<void> => {
    await postern.process.kill();
    await postern.start();
  };

  const post = (
    path: string,
    parameters: FormParameters,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> =>
    fetch(`${postern.publicOrigin}${path}`, {
      method: 'POST',
      headers: { 'content-type': FORM, ...headers },
      body: formBody(parameters),
    });

  const exchange = (parameters: FormParameters): Promise<Response> =>
    post('/oauth2/token', {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: JWT_TYPE,
      audience: 'ledger',
      scope: 'ledger.read',
      ...parameters,
    });

  async function exchanged(parameters: FormParameters): Promise<{ handle: string; id: string }> {
    const response = await exchange(parameters);
    expect(response.status).toBe(200);
    const answer = (await response.json()) as { access_token: string; handle_id: string };
    return { handle: answer.access_token, id: answer.handle_id };
  }

  const operator = async (scope: string): Promise<string> => {
    const token = await postern.issuer.mint('operator');
    const issued = await exchanged({ subject_token: token, audience: 'postern', scope });
    return issued.handle;
  };

  async function introspected(handle: string): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${await operator('introspect')}` };
    const response = await post('/oauth2/introspect', { token: handle }, headers);
    expect(response.status).toBe(200);
    return (await response.json()) as Record<string, unknown>;
  }

  async function issue(): Promise<Issued> {
    const subject_token = await postern.issuer.mint('settler');
    const { handle, id } = await exchanged({ subject_token });
    const { 'urn:postern:handle': ours } = await introspected(handle);
    return { handle, id, familyId: (ours as { family_id: string }).family_id };
  }

  const call = async (handle: string): Promise<number> => {
    const headers = { authorization: `Bearer ${handle}` };
    return (await fetch(`${postern.publicOrigin}/proxy/ledger/accounts/42`, { headers })).status;
  };

  const revokeByAdmin = async (scope: string, id: string): Promise<number> => {
    const authorization = `Bearer ${await operator('admin.revoke')}`;
    const response = await fetch(`${postern.adminOrigin}/admin/v1/revoke`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ scope, id, reason: 'a test' }),
    });
    return response.status;
  };

  const expectDead = async (handle: string): Promise<void> => {
    expect(await introspected(handle)).toEqual({ active: false });
    expect(await call(handle)).toBe(401);
    const response = await exchange({ subject_token: handle, subject_token_type: HANDLE_TYPE });
    expect(response.status).toBe(400);
  };
  const expectAlive = async (handle: string): Promise<void> => {
    expect(await introspected(handle)).toMatchObject({ active: true });
    expect(await call(handle)).toBe(200);
  };

  describe('that came after revocations and the use of a token', () => {
    let revoked: readonly Issued[];
    let spared: Issued;
    let spent: string;
    beforeAll(async () => {
      const [own, byHandle, byFamily] = [await issue(), await issue(), await issue()];
      revoked = [own, byHandle, byFamily];
      spared = await issue();
      for (const { handle } of [...revoked, spared]) await expectAlive(handle);
      expect((await post('/oauth2/revoke', { token: own.handle })).status).toBe(200);
      expect(await revokeByAdmin('handle', byHandle.id)).toBeLessThan(300);
      expect(await revokeByAdmin('family', byFamily.familyId)).toBeLessThan(300);
      spent = await postern.issuer.mint('settler');
      await exchanged({ subject_token: spent });
      await restart();
    }, SUITE_TIMEOUT_MS);

    it('P-06, J-33: a subject token that was used is still used', async () => {
      const fresh = await postern.issuer.mint('settler');
      expect((await exchange({ subject_token: spent })).status).toBe(400);
      await exchanged({ subject_token: fresh });
      expect((await exchange({ subject_token: fresh })).status).toBe(400);
    });

    it(
      'P-06: what was revoked stays revoked, and what was not is not',
      async () => {
        for (const { handle } of revoked) await expectDead(handle);
        await expectAlive(spared.handle);
        await restart();
        for (const { handle } of revoked) await expectDead(handle);
      },
      SUITE_TIMEOUT_MS,
    );
  });

  it(
    'P-06: what anybody was told to be revoked is, even if that was the last that the process did',
    async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const issued = await Promise.all(Array.from({ length: AT_ONCE }, issue));
        const told: string[] = [];
        const revocations = issued.map(async ({ handle }) => {
          const response = await post('/oauth2/revoke', { token: handle });
          if (response.status === 200) told.push(handle);
          if (told.length === AT_ONCE / 2) await postern.process.kill();
        });
        await Promise.allSettled(revocations);
        expect(told.length).toBeGreaterThanOrEqual(AT_ONCE / 2);
        await postern.start();
        for (const handle of told) await expectDead(handle);
      }
    },
    SUITE_TIMEOUT_MS,
  );
});
