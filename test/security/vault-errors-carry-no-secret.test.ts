import { inspect } from 'node:util';
import { VaultSecretStore, type VaultAuth } from '#adapters/vault';
import { PinnedCredentials } from '#credentials';
import { PosternError, Secret, SystemClock } from '#kernel';
import { jsonAnswer, ScriptedVault } from '#test-support';

/**
 * G9. HTTP clients throw errors that hold the request (X-Vault-Token, the secret id in the body) and the answer (the
 * secret); loggers print `cause`, `config` and `response` of what they are given. Here every answer and every failure
 * carries canaries, and nothing that leaves the adapter may hold one.
 */
const CANARIES = [
  'canary-token-5b1f',
  'canary-secret-id-77aa',
  'canary-secret-e0c9',
  'canary-login-token-1d2e',
];
const forms = CANARIES.flatMap((canary) => [
  canary,
  Buffer.from(canary).toString('base64').replace(/=+$/, ''),
  Buffer.from(canary).toString('hex'),
]);
const ref = { mount: 'secret', path: 'legacy/ledger' };
const token: VaultAuth = { kind: 'token', token: Secret.of('canary-token-5b1f') };
const approle: VaultAuth = {
  kind: 'approle',
  roleId: 'postern',
  secretId: Secret.of('canary-secret-id-77aa'),
};
const secretBody = { data: { data: { password: 'canary-secret-e0c9' } } };

/** All that a logger could get out of a value: own and hidden properties, the stack, the chain of causes. */
function everythingOf(value: unknown): string {
  const parts = [inspect(value, { depth: null, showHidden: true, getters: true })];
  for (let error = value; error instanceof Error; error = error.cause) {
    parts.push(
      String(error),
      error.stack ?? '',
      JSON.stringify(error, Object.getOwnPropertyNames(error)),
    );
  }
  return parts.join('\n');
}

const expectClean = (value: unknown): void => {
  const text = everythingOf(value);
  for (const form of forms) expect(text).not.toContain(form);
};

describe('no secret leaves the Vault adapter in an error', () => {
  let vault: ScriptedVault;
  const opened: VaultSecretStore[] = [];

  const open = (auth: VaultAuth): VaultSecretStore => {
    const settings = { address: vault.address, auth };
    const store = new VaultSecretStore({ settings, clock: new SystemClock() });
    opened.push(store);
    return store;
  };

  beforeAll(async () => {
    vault = await ScriptedVault.start(jsonAnswer(500, {}));
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });
  afterAll(() => vault.close());

  const echo = { errors: [...CANARIES], ...secretBody };
  const everyStatus = [200, 204, 301, 307, 400, 403, 404, 405, 412, 429, 472, 473, 500, 502, 503];

  it.each(everyStatus)('when Vault answers %i and quotes what it was sent', async (status) => {
    vault.answerWith(jsonAnswer(status, status === 204 ? '' : echo));
    for (const auth of [token, approle]) {
      const store = open(auth);
      const failures = await Promise.allSettled([
        store.currentVersion(ref),
        store.read(ref, 1),
        new PinnedCredentials({ store, clock: new SystemClock() }).current(ref),
      ]);
      for (const failure of failures) {
        expect(failure.status).toBe('rejected');
        const reason: unknown = failure.status === 'rejected' ? failure.reason : undefined;
        expect(reason).toBeInstanceOf(PosternError);
        expect((reason as Error).cause).toBeUndefined();
        expectClean(reason);
      }
      expectClean([store, await store.status()]);
    }
  });

  it.each([
    ['is no JSON', '{"data":{"data":{"password":"canary-secret-e0c9"'],
    ['is a bare text', 'canary-secret-e0c9 canary-token-5b1f'],
    [
      'has a field that is no text',
      { data: { data: { password: ['canary-secret-e0c9'] }, metadata: { version: 1 } } },
    ],
    [
      'is of another version',
      { data: { data: { password: 'canary-secret-e0c9' }, metadata: { version: 9 } } },
    ],
    ['is too large', JSON.stringify({ data: 'canary-secret-e0c9'.repeat(100_000) })],
  ])('when the answer %s', async (_what, body) => {
    vault.answerWith(jsonAnswer(200, body));
    const refusal: unknown = await open(token)
      .read(ref, 1)
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(PosternError);
    expectClean(refusal);
  });

  it('when the connection is cut in the middle of the answer', async () => {
    vault.answerWith((_seen, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write(JSON.stringify(secretBody), () => response.destroy());
    });
    for (const auth of [token, approle]) {
      const refusal: unknown = await open(auth)
        .read(ref, 1)
        .catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(PosternError);
      expectClean(refusal);
    }
  });

  it('when nothing listens', async () => {
    const gone = await ScriptedVault.start(jsonAnswer(200, {}));
    const settings = { address: gone.address, auth: approle };
    await gone.close();
    const store = new VaultSecretStore({ settings, clock: new SystemClock() });
    opened.push(store);
    const refusal: unknown = await store.read(ref, 1).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ condition: 'unreachable' });
    expectClean(refusal);
  });

  it('nor in the store itself once it is logged in and has read a secret', async () => {
    vault.answerWith((seen, response) => {
      const login = {
        client_token: 'canary-login-token-1d2e',
        lease_duration: 60,
        renewable: true,
      };
      const answer = seen.url.includes('/login')
        ? { auth: login }
        : { data: { data: { password: 'canary-secret-e0c9' }, metadata: { version: 1 } } };
      jsonAnswer(200, answer)(seen, response);
    });
    const store = open(approle);
    const read = await store.read(ref, 1);
    expect(vault.seen.at(-1)?.headers['x-vault-token']).toBe('canary-login-token-1d2e');
    expect(vault.seen.at(-2)?.body).toContain('canary-secret-id-77aa');
    expectClean([store, read, JSON.stringify(store), JSON.stringify(read)]);
  });
});
