import { type ServerResponse } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { VaultWrappingTokens } from '#adapters/vault';
import { PosternError, Secret } from '#kernel';
import { jsonAnswer, ScriptedVault } from '#test-support';

const wrappingToken = Secret.of('s.canary6f6fwrappingtoken0');
const auth = { kind: 'token', token: Secret.of('our-own-token') } as const;
const UNKNOWN = { errors: ['wrapping token is not valid or does not exist'] };
const told = {
  creation_path: 'secret/data/intake/ledger',
  creation_time: '2026-11-21T21:29:25.060345068Z',
  creation_ttl: 300,
};
const kv = { data: { data: { password: 'canary-value-31' }, metadata: { version: 4 } } };

describe('the wrapping tokens of Vault', () => {
  let vault: ScriptedVault;
  let tokens: VaultWrappingTokens;

  const at = (address: string): VaultWrappingTokens =>
    new VaultWrappingTokens({ settings: { address, auth, namespace: 'team' } });

  beforeEach(async () => {
    vault = await ScriptedVault.start(jsonAnswer(200, { data: told }));
    tokens = at(vault.address);
  });
  afterEach(async () => {
    await tokens.close();
    await vault.close();
  });

  it('are the client token of their request and nothing else: no login, no body', async () => {
    await tokens.lookUp(wrappingToken);
    await tokens.unwrap(wrappingToken);
    expect(vault.seen.map(({ method, url }) => [method, url])).toEqual([
      ['POST', '/v1/sys/wrapping/lookup'],
      ['POST', '/v1/sys/wrapping/unwrap'],
    ]);
    for (const { headers, body } of vault.seen) {
      expect(headers['x-vault-token']).toBe(wrappingToken.reveal());
      expect(headers['x-vault-namespace']).toBe('team');
      expect(headers.connection).toBe('close');
      expect(body).toBe('');
    }
  });

  it('tell what Vault tells of them', async () => {
    expect(await tokens.lookUp(wrappingToken)).toEqual({
      creationPath: 'secret/data/intake/ledger',
      createdAt: new Date('2026-11-21T21:29:25.060Z'),
      ttlSeconds: 300,
    });
  });

  it.each([
    ['without a path', { ...told, creation_path: undefined }],
    ['with a time that is none', { ...told, creation_time: 'soon' }],
    ['with a life that is no number', { ...told, creation_ttl: '300' }],
    ['of another kind', { keys: [] }],
  ])('are not taken for known by an answer %s', async (_what, data) => {
    vault.answerWith(jsonAnswer(200, { data }));
    await expect(tokens.lookUp(wrappingToken)).rejects.toMatchObject({ condition: 'unreachable' });
  });

  it('are unknown by that one answer alone', async () => {
    vault.answerWith(jsonAnswer(400, UNKNOWN));
    expect(await tokens.lookUp(wrappingToken)).toBeUndefined();
    expect(await tokens.unwrap(wrappingToken)).toEqual({ failed: 'unknown' });
    vault.answerWith(jsonAnswer(400, { errors: ['something else'] }));
    await expect(tokens.lookUp(wrappingToken)).rejects.toMatchObject({ condition: 'denied' });
    expect(await tokens.unwrap(wrappingToken)).toEqual({ failed: 'lost' });
    vault.answerWith(jsonAnswer(500, UNKNOWN));
    await expect(tokens.lookUp(wrappingToken)).rejects.toMatchObject({ condition: 'unreachable' });
    expect(await tokens.unwrap(wrappingToken)).toEqual({ failed: 'lost' });
  });

  it.each([
    ['as KV version 2 answers', kv, ['password']],
    [
      'as KV version 1 answers',
      { data: { password: 'x', username: 'y' } },
      ['password', 'username'],
    ],
    [
      'with a field that is called data',
      { data: { data: 'x', metadata: 'y' } },
      ['data', 'metadata'],
    ],
  ])('give the fields of what was wrapped, %s', async (_what, body, names) => {
    vault.answerWith(jsonAnswer(200, body));
    const answer = await tokens.unwrap(wrappingToken);
    expect('fields' in answer && [...answer.fields.keys()]).toEqual(names);
  });

  it.each([
    ['is no JSON', '{"data":{"data":{"password":"canary-value-31"'],
    ['is empty', ''],
    ['holds no field', { data: {} }],
    ['holds a number', { data: { data: { pin: 1234 }, metadata: {} } }],
    ['holds a login', { auth: { client_token: 'canary-value-31' }, data: null }],
    ['is too large', JSON.stringify({ data: { password: 'x'.repeat(1024 * 1024) } })],
  ])('are lost when the answer %s, and are asked for once', async (_what, body) => {
    vault.answerWith(jsonAnswer(200, body));
    expect(await tokens.unwrap(wrappingToken)).toEqual({ failed: 'lost' });
    expect(vault.seen).toHaveLength(1);
  });

  it.each([204, 403, 404, 405, 500, 502, 504])(
    'are lost by %i: somebody may have used them up',
    async (status) => {
      vault.answerWith(jsonAnswer(status, status === 204 ? '' : { errors: ['canary-value-31'] }));
      expect(await tokens.unwrap(wrappingToken)).toEqual({ failed: 'lost' });
    },
  );

  it.each([
    [503, { errors: ['Vault is sealed'] }, 'sealed'],
    [307, {}, 'unreachable'],
    [412, { errors: ['required index state not present'] }, 'unreachable'],
    [429, { errors: ['request path quota exceeded'] }, 'unreachable'],
  ])(
    'are still good after %i, which is said before anything is looked at',
    async (status, body, condition) => {
      vault.answerWith(jsonAnswer(status, body, { location: 'http://127.0.0.1:9/' }));
      await expect(tokens.unwrap(wrappingToken)).rejects.toMatchObject({ condition });
      await expect(tokens.lookUp(wrappingToken)).rejects.toMatchObject({ condition });
    },
  );

  it.each([
    ['before the answer begins', (response: ServerResponse) => void response.destroy()],
    [
      'in the middle of the answer',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write(JSON.stringify(kv), () => response.destroy());
      },
    ],
  ])('are lost when the connection is cut %s', async (_what, cut) => {
    vault.answerWith((_seen, response) => cut(response));
    expect(await tokens.unwrap(wrappingToken)).toEqual({ failed: 'lost' });
    expect(vault.seen).toHaveLength(1);
  });

  it('are lost when no answer comes within five seconds', async () => {
    vault.answerWith(() => undefined);
    const startedAt = performance.now();
    expect(await tokens.unwrap(wrappingToken)).toEqual({ failed: 'lost' });
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  it('are still good when nothing listens, and when the adapter is closed', async () => {
    const gone = await ScriptedVault.start(jsonAnswer(200, kv));
    const unreached = at(gone.address);
    await gone.close();
    await expect(unreached.unwrap(wrappingToken)).rejects.toMatchObject({
      condition: 'unreachable',
    });
    await unreached.close();
    await tokens.close();
    await expect(tokens.unwrap(wrappingToken)).rejects.toMatchObject({ condition: 'unreachable' });
    expect(vault.seen).toEqual([]);
  });

  it('are still good when the TLS handshake fails', async () => {
    const sockets: Socket[] = [];
    const plain = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined).once('data', () => socket.end('not TLS'));
    });
    await once(plain.listen(0, '127.0.0.1'), 'listening');
    const { port } = plain.address() as { port: number };
    const overTls = at(`https://127.0.0.1:${port}`);
    await expect(overTls.unwrap(wrappingToken)).rejects.toMatchObject({ condition: 'unreachable' });
    await overTls.close();
    plain.close();
    for (const socket of sockets) socket.destroy();
  });

  it.each([400, 403, 404, 500, 503])('stay out of every error (%i)', async (status) => {
    const quoting = { errors: [wrappingToken.reveal(), 'canary-value-31'], ...kv };
    vault.answerWith(jsonAnswer(status, quoting));
    const refusal: unknown = await tokens.lookUp(wrappingToken).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(PosternError);
    expect((refusal as Error).cause).toBeUndefined();
    const printed = inspect([refusal, tokens, (refusal as Error).stack], {
      depth: null,
      showHidden: true,
    });
    expect(printed).not.toMatch(/canary/);
  });
});
