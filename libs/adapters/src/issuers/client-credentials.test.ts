import { inspect } from 'node:util';
import { vaultClientSecrets } from '#adapters/issuers';
import { SecretMalformed, SecretNotFound, SecretStoreUnavailable } from '#credentials';
import { Secret } from '#kernel';
import { anIntrospectionRegistration, FixedClock, InMemorySecretStore } from '#testing';
import { basicAuthorization } from './client-credentials.js';

const REF = { mount: 'secret', path: 'postern/partner-introspection' };
const issuer = anIntrospectionRegistration({ clientSecret: REF });

describe('the client credentials for an issuer', () => {
  let store: InMemorySecretStore;
  let clock: FixedClock;
  let clientSecretOf: ReturnType<typeof vaultClientSecrets>;

  const put = (fields: Readonly<Record<string, string>>, ref = REF): Promise<number> =>
    store.put(ref, new Map(Object.entries(fields).map(([name, text]) => [name, Secret.of(text)])));

  beforeEach(() => {
    store = new InMemorySecretStore();
    clock = new FixedClock();
    clientSecretOf = vaultClientSecrets({ store, clock });
  });

  it('come from the two fields of the registered secret', async () => {
    await put({ client_id: 'postern', client_secret: 'hunter2' });
    const { clientId, clientSecret } = await clientSecretOf(issuer);
    expect(clientId).toBe('postern');
    expect(clientSecret.reveal()).toBe('hunter2');
  });

  it('are read once for a burst of callers, and for the next minute of them', async () => {
    await put({ client_id: 'postern', client_secret: 'hunter2' });
    await Promise.all(Array.from({ length: 50 }, () => clientSecretOf(issuer)));
    clock.advance(5);
    await clientSecretOf(issuer);
    expect(store.calls.read).toBe(1);
  });

  it('end within a minute when the store no longer confirms them', async () => {
    await put({ client_id: 'postern', client_secret: 'hunter2' });
    await clientSecretOf(issuer);
    store.failWith('unreachable');
    clock.advance(61);
    await expect(clientSecretOf(issuer)).rejects.toThrow(SecretStoreUnavailable);
  });

  it('are the new ones a minute after they were rotated', async () => {
    await put({ client_id: 'postern', client_secret: 'hunter2' });
    await clientSecretOf(issuer);
    await put({ client_id: 'postern', client_secret: 'hunter3' });
    clock.advance(61);
    expect((await clientSecretOf(issuer)).clientSecret.reveal()).toBe('hunter3');
  });

  it('are never those of another path or mount', async () => {
    const others = [
      { mount: 'secret', path: 'postern/other' },
      { mount: 'kv', path: REF.path },
    ];
    await put({ client_id: 'postern', client_secret: 'hunter2' });
    for (const [index, ref] of others.entries()) {
      await put({ client_id: `client-${index}`, client_secret: 'x' }, ref);
    }
    expect((await clientSecretOf(issuer)).clientId).toBe('postern');
    for (const [index, clientSecret] of others.entries()) {
      const registered = anIntrospectionRegistration({ clientSecret });
      expect((await clientSecretOf(registered)).clientId).toBe(`client-${index}`);
    }
  });

  it('are refused when nobody wrote them', async () => {
    await expect(clientSecretOf(issuer)).rejects.toThrow(SecretNotFound);
  });

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['no client_id', { client_secret: 'hunter2' }, /it has no field client_id/],
    ['no client_secret', { client_id: 'postern' }, /it has no field client_secret/],
    ['an empty client_secret', { client_id: 'postern', client_secret: '' }, /its client_secret is/],
    ['a line break', { client_id: 'postern', client_secret: 'hunter2\n' }, /its client_secret is/],
    ['no ASCII', { client_id: 'p\u00f6stern', client_secret: 'hunter2' }, /its client_id is not/],
    [
      'more than 1024 characters',
      { client_id: 'postern', client_secret: 'hunter2'.repeat(200) },
      /its client_secret is not/,
    ],
  ])('are refused with %s, and nothing of them is told', async (_what, fields, message) => {
    await put(fields);
    const asked = clientSecretOf(issuer);
    await expect(asked).rejects.toThrow(SecretMalformed);
    await expect(asked).rejects.toThrow(message);
    const error: unknown = await asked.catch((thrown: unknown) => thrown);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('hunter2');
  });

  it.each([
    ['postern', 'hunter2', 'postern:hunter2'],
    ['https://postern.test/sts', 'a b+c', 'https%3A%2F%2Fpostern.test%2Fsts:a+b%2Bc'],
    ['a:b', 'c:d%e&f=g~h', 'a%3Ab:c%3Ad%25e%26f%3Dg%7Eh'],
  ])('are form-urlencoded before they are joined (RFC 6749 2.3.1): %s', (id, secret, joined) => {
    const header = basicAuthorization({ clientId: id, clientSecret: Secret.of(secret) });
    expect(header).toBe(`Basic ${Buffer.from(joined).toString('base64')}`);
  });
});
