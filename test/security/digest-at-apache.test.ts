import { Apache } from '../support/apache.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { CallPath } from './call-path.js';

const PASSWORD = 'the "ledger" password: 1987';
const FILES = { 'api/accounts/42': '{"account":"42"}' };

/** mod_auth_digest, whose nonces are good for a second: every few calls one is stale. */
describeWithServer('digest at a backend of others', 'apache', () => {
  let apache: Apache;
  let path: CallPath;

  const start = (password: string): Promise<CallPath> =>
    CallPath.start({
      secret: { username: 'ledger-svc', password },
      registration: {
        destination: `${apache.origin}/api`,
        inject: {
          kind: 'digest',
          username: 'username',
          password: 'password',
          algorithms: ['SHA-256', 'MD5'],
          qop: ['auth', 'auth-int'],
        },
      },
    });

  beforeAll(async () => {
    const account = { username: 'ledger-svc', password: PASSWORD };
    apache = await Apache.start({ ...account, files: FILES, digest: { nonceLifetimeSeconds: 1 } });
    path = await start(PASSWORD);
  });
  afterAll(async () => {
    await path.stop();
    await apache.stop();
  });

  it('is answered, with a query too', async () => {
    for (const target of ['/proxy/ledger/accounts/42', '/proxy/ledger/accounts/42?a=%20b&c']) {
      const answer = await path.call(target);
      expect([answer.status, answer.body]).toEqual([200, FILES['api/accounts/42']]);
    }
  });

  it('goes on over stale nonces, under many calls at once', async () => {
    const caller = async (): Promise<readonly number[]> => {
      const statuses: number[] = [];
      for (let call = 0; call < 25; call += 1) {
        const { status } = await path.call('/proxy/ledger/accounts/42');
        statuses.push(status);
        await new Promise((resolve) => setTimeout(resolve, 100)); // So that nonces grow old.
      }
      return statuses;
    };
    const statuses = (await Promise.all(Array.from({ length: 12 }, caller))).flat();
    expect(statuses).toHaveLength(300);
    expect(new Set(statuses)).toEqual(new Set([200]));
  }, 60_000);

  it('ends with the 401 of the backend when the password is wrong', async () => {
    const wrong = await start('the wrong password');
    const answer = await wrong.call('/proxy/ledger/accounts/42');
    expect(answer.status).toBe(401);
    expect(JSON.stringify(answer)).not.toContain('the wrong password');
    await wrong.stop();
  });
});
