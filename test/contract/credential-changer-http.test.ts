import { randomBytes } from 'node:crypto';
import { changeSender, credentialChanger, type HttpChange } from '#adapters/changers';
import { SystemClock } from '#kernel';
import {
  accountFields,
  aProxiedResource,
  credentialChangerContract,
  type CredentialChangerUnderTest,
  hostileText,
} from '#testing';
import { describeWithServer, HtpasswdSite } from '#test-support';
import { accountIn, BY, FIELDS, RECONCILE } from './changer-fixture.js';

const random = (): string => randomBytes(12).toString('hex');
const AS_ITSELF: HttpChange['request'] = {
  ...{ method: 'POST', path: '/password', type: 'form', expect: [204] },
  fields: { old: '{{current.password}}', new: '{{next.password}}' },
};
const AS_ADMIN: HttpChange['request'] = {
  ...{ method: 'POST', path: '/password', type: 'json', expect: [200, 204] },
  fields: { username: '{{username}}', new: '{{next.password}}' },
};

async function httpUnderTest(by: 'privileged' | 'itself'): Promise<CredentialChangerUnderTest> {
  const admin = { username: 'boss', password: random() };
  const server = await HtpasswdSite.start({
    admin,
    accounts: [],
    files: { 'index.html': 'hello' },
  });
  const settings: HttpChange = {
    ...{ as: 'http', slots: 'single', fields: FIELDS, reconcile: RECONCILE },
    ...(by === 'privileged'
      ? { by: BY, request: AS_ADMIN }
      : { request: AS_ITSELF, reconcileRequest: AS_ADMIN }),
  };
  return {
    slots: 'single',
    again: by === 'privileged' ? 'same' : /^http_401$/,
    wrongLogin: /^http_401$/,
    missing: by === 'privileged' ? /^http_404$/ : /^http_401$/,
    // Neither is in Basic credentials or in a line of an htpasswd file.
    usernames: hostileText(60, /[:#\s]/),
    passwords: hostileText(200),
    logged: /POST \/password/,
    credential: async ({ username = `svc-${random()}`, password = random() } = {}) => {
      server.setPassword({ username, password });
      return {
        current: accountFields(username, password),
        changer: ({ port = Number(new URL(server.origin).port), wrongLogin = false } = {}) =>
          credentialChanger(settings, {
            read: async () =>
              accountFields(admin.username, wrongLogin ? 'not the password' : admin.password),
            send: changeSender({
              resource: aProxiedResource({ destination: `http://127.0.0.1:${port}` }),
              clock: new SystemClock(),
            }),
          }),
        isValid: (fields) => server.canLogIn(accountIn(fields)),
      };
    },
    drift: async ({ current }) => {
      server.setPassword({ ...accountIn(current), password: random() });
    },
    logs: async () => server.logs,
    close: () => server.stop(),
  };
}

describeWithServer('the changer over HTTP, by itself', 'apache', () => {
  credentialChangerContract(() => httpUnderTest('itself'));
});

describeWithServer('the changer over HTTP, privileged', 'apache', () => {
  credentialChangerContract(() => httpUnderTest('privileged'));
});
