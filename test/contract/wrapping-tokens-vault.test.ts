import { setTimeout as delay } from 'node:timers/promises';
import { VaultWrappingTokens } from '#adapters/vault';
import { Secret, SystemClock } from '#kernel';
import { wrappingTokensContract, type WrappingTokensUnderTest } from '#testing';
import { describeWithServer, openBaoAdmin } from '#test-support';

const clock = new SystemClock();
const noLogin = { kind: 'token', token: Secret.of('never-used') } as const;

describeWithServer('the wrapping tokens of Vault', 'openbao', () => {
  const make = async (): Promise<WrappingTokensUnderTest> => {
    const admin = openBaoAdmin();
    const mount = await admin.mountKv();
    const tokens = new VaultWrappingTokens({ settings: { address: admin.address, auth: noLogin } });
    const creationPath = `${mount}/data/intake/ledger`;
    return {
      tokens,
      creationPath,
      wrap: async (fields, terms) => {
        await admin.must('POST', creationPath, { data: fields });
        return Secret.of(await admin.wrapRead(creationPath, terms?.ttlSeconds ?? 300));
      },
      rewrap: async (token) => Secret.of(await admin.rewrap(token.reveal())),
      pass: (seconds) => delay(seconds * 1_000),
      now: () => clock.now(),
      close: () => tokens.close(),
    };
  };

  wrappingTokensContract(make);

  describe('unwrap', () => {
    const tokens = (): VaultWrappingTokens =>
      new VaultWrappingTokens({ settings: { address: openBaoAdmin().address, auth: noLogin } });

    it('takes what sys/wrapping/wrap made: fields that no KV store holds', async () => {
      const admin = openBaoAdmin();
      const wrapped = await admin.wrapFields({ username: 'svc', password: 'plain' }, 60);
      const opened = tokens();
      expect(await opened.lookUp(Secret.of(wrapped))).toMatchObject({
        creationPath: 'sys/wrapping/wrap',
      });
      const answer = await opened.unwrap(Secret.of(wrapped));
      const fields = 'fields' in answer ? [...answer.fields] : [];
      expect(fields.map(([name, secret]) => [name, secret.reveal()])).toEqual([
        ['password', 'plain'],
        ['username', 'svc'],
      ]);
      await opened.close();
    });

    it.each([
      ['fields that are no text', { password: 7 }],
      ['a field in a field', { password: { is: 'nested' } }],
      ['no field at all', {}],
    ])('calls a token lost that held %s', async (_what, fields) => {
      const wrapped = await openBaoAdmin().wrapFields(fields, 60);
      const opened = tokens();
      expect(await opened.unwrap(Secret.of(wrapped))).toEqual({ failed: 'lost' });
      expect(await opened.unwrap(Secret.of(wrapped))).toEqual({ failed: 'unknown' });
      await opened.close();
    });

    it('calls a token unknown that is the login of somebody, and leaves that login alone', async () => {
      const admin = openBaoAdmin();
      const login = await admin.createToken({ policies: ['default'], ttl: '5m' });
      const opened = tokens();
      expect(await opened.lookUp(Secret.of(login))).toBeUndefined();
      expect(await opened.unwrap(Secret.of(login))).toEqual({ failed: 'unknown' });
      const own = await admin.ask('GET', 'auth/token/lookup-self', undefined, login);
      expect(own.status).toBe(200);
      await opened.close();
    });
  });
});
