import { randomId, Secret } from '#kernel';
import { InMemoryRotatedSecrets, InMemorySecretStore, rotatedSecretsContract } from '#testing';

describe('the in-memory rotated secrets', () => {
  rotatedSecretsContract(async () => {
    const store = new InMemorySecretStore();
    const secrets = new InMemoryRotatedSecrets(store);
    return {
      secrets,
      store,
      mount: 'secret',
      put: (ref, fields) => store.put(ref, fields),
      expire: async (ref, rotationId) => secrets.expire(ref, rotationId),
      close: async () => undefined,
    };
  });

  it.each(['sealed', 'unreachable', 'denied'] as const)(
    'writes nothing while it is told to be %s',
    async (condition) => {
      const ref = { mount: 'secret', path: 'legacy/ledger' };
      const fields = new Map([['password', Secret.of('first')]]);
      const id = randomId('rot');
      const store = new InMemorySecretStore();
      const secrets = new InMemoryRotatedSecrets(store);
      secrets.failWith(condition);
      for (const call of [
        () => secrets.stage(ref, id, fields),
        () => secrets.staged(ref, id),
        () => secrets.discard(ref, id),
        () => secrets.write(ref, { after: 0, token: 'a' }, fields),
        () => secrets.destroy(ref, 1),
      ]) {
        await expect(call()).rejects.toMatchObject({ condition });
      }
      secrets.failWith(undefined);
      expect(await secrets.staged(ref, id)).toBeUndefined();
      expect(store.newest(ref)).toBe(0);
    },
  );
});
