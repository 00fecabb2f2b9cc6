import { randomBytes } from 'node:crypto';
import { type RedisChange } from '#adapters/changers';
import {
  accountFields,
  credentialChangerContract,
  type CredentialChangerUnderTest,
  hostileText,
} from '#testing';
import { describeWithServer, Redis } from '#test-support';
import { accountIn, BY, changerOf, FIELDS, RECONCILE } from './changer-fixture.js';

const random = (): string => randomBytes(12).toString('hex');

async function redisUnderTest(
  slots: 'single' | 'dual',
  by: 'privileged' | 'itself',
): Promise<CredentialChangerUnderTest> {
  const admin = { username: 'boss', password: random() };
  const server = await Redis.start({ admin });
  // The rights of docs/credential-changers.md.
  const changer = { username: 'changer', password: random() };
  const rights = ['-@all', '+acl|getuser', '+acl|setuser', '+acl|save'];
  await server.createAccount(changer);
  await server.execute('ACL', 'SETUSER', changer.username, ...rights);
  const settings: RedisChange = {
    ...{ as: 'redis', slots, fields: FIELDS, host: server.host, port: server.port, tls: 'off' },
    ...(by === 'privileged' ? { by: BY } : {}),
    reconcile: RECONCILE,
  };
  return {
    slots,
    again: slots === 'dual' || by === 'privileged' ? 'same' : /^redis_WRONGPASS$/,
    wrongLogin: /^redis_WRONGPASS$/,
    missing: by === 'privileged' ? /^redis_no_user$/ : /^redis_WRONGPASS$/,
    usernames: hostileText(200, /[\s\0]/),
    passwords: hostileText(200),
    logged: /SETUSER/,
    credential: async ({ username = `svc-${random()}`, password = random() } = {}) => {
      await server.createAccount({ username, password });
      // The account itself may change nothing without this, and anybody's with it.
      await server.execute('ACL', 'SETUSER', username, '+acl|getuser', '+acl|setuser', '+acl|save');
      return {
        current: accountFields(username, password),
        changer: ({ port = server.port, ...variant } = {}) =>
          changerOf({ ...settings, port }, changer, variant),
        isValid: (fields) => server.canLogIn(accountIn(fields)),
      };
    },
    drift: async ({ current }) => {
      const { username } = accountIn(current);
      await server.execute('ACL', 'SETUSER', username, 'resetpass', `>${random()}`);
    },
    logs: () => server.logs(),
    close: () => server.stop(),
  };
}

describeWithServer('the changer of Redis, two passwords, privileged', 'redis', () => {
  credentialChangerContract(() => redisUnderTest('dual', 'privileged'));
});

describeWithServer('the changer of Redis, one password, by itself', 'redis', () => {
  credentialChangerContract(() => redisUnderTest('single', 'itself'));
});
