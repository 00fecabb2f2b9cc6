import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { SignJWT } from 'jose';
import { PosternClient } from '#client';
import { grantSettings } from '../support/postern-folder.js';
import { makeStandalone, type Standalone } from '../support/standalone.js';
import { until } from '../support/until.js';

const SUBJECT_REVOKED = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const TRANSMITTER = 'https://signals.test';
/** The promise is one second, two at most. */
const BOUND_MS = 2_000;

let postern: Standalone;
let backend: Server;
let client: PosternClient;

beforeAll(async () => {
  backend = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  postern = await makeStandalone({
    destination: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`,
    username: 'ledger-svc',
    password: 'the-ledger-password-1987',
    overrides: {
      signals: [
        {
          id: 'corp-idp',
          issuer: TRANSMITTER,
          keys: { file: './jwks.json' },
          algorithms: ['ES256'],
          subjects: ['test-issuer'],
          owner: 'identity@example',
          purpose: 'Ends the handles of stolen workloads',
          reviewBy: '2027-12-31',
        },
      ],
    },
  });
  postern.writeGrant(
    grantSettings('bridge-postern', 'signal-bridge', 'postern', ['events.command']),
  );
  await postern.start();
  client = new PosternClient(postern.publicOrigin);
}, 180_000);

afterAll(async () => {
  await postern.process.stop();
  backend.close();
}, 60_000);

const handleOf = async (subject: string, audience: string): Promise<string> => {
  const subjectToken = await postern.issuer.mint(subject);
  return (await client.exchange({ subjectToken, audience })).handle;
};

const aSet = (issuer = TRANSMITTER): Promise<string> => {
  const { privateKey, kid } = postern.issuer.signingKey;
  return new SignJWT({
    jti: randomUUID(),
    txn: randomUUID(),
    sub_id: { format: 'iss_sub', iss: postern.issuer.issuer, sub: 'settler' },
    events: { [SUBJECT_REVOKED]: {} },
  })
    .setProtectedHeader({ alg: 'ES256', kid, typ: 'secevent+jwt' })
    .setIssuer(issuer)
    .setAudience(postern.publicOrigin)
    .setIssuedAt()
    .sign(privateKey);
};

const push = async (handle: string, body: string): Promise<{ status: number; text: string }> => {
  const answer = await fetch(`${postern.adminOrigin}/events/set`, {
    method: 'POST',
    headers: { authorization: `Bearer ${handle}`, 'content-type': 'application/secevent+jwt' },
    body,
  });
  return { status: answer.status, text: await answer.text() };
};

const callWith = async (handle: string): Promise<number> => {
  const headers = { authorization: `Bearer ${handle}` };
  const answer = await fetch(`${postern.publicOrigin}/proxy/ledger/accounts/42`, { headers });
  return answer.status;
};

describe('a security event that is pushed to a running Postern', () => {
  it('E-04: ends the handles of its subject for calls within a second, and of nobody else', async () => {
    const [stolen, bridge] = [
      await handleOf('settler', 'ledger'),
      await handleOf('signal-bridge', 'postern'),
    ];
    expect(await callWith(stolen)).toBe(200);
    expect(await push(bridge, await aSet())).toEqual({ status: 202, text: '' });
    await until('it is refused', async () => (await callWith(stolen)) === 401, BOUND_MS);
    expect((await push(bridge, await aSet())).status).toBe(202);
  });

  it('E-07: has no second effect when the same token comes again', async () => {
    const bridge = await handleOf('signal-bridge', 'postern');
    const set = await aSet();
    expect((await push(bridge, set)).status).toBe(202);
    const later = await handleOf('settler', 'ledger');
    expect((await push(bridge, set)).status).toBe(202);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await callWith(later)).toBe(200);
  });

  it('E-08: is refused as a subject token, and a subject token as a security event', async () => {
    const subjectToken = await aSet(postern.issuer.issuer);
    await expect(client.exchange({ subjectToken, audience: 'ledger' })).rejects.toThrow(
      'invalid_request',
    );
    const bridge = await handleOf('signal-bridge', 'postern');
    const answer = await push(bridge, await postern.issuer.mint('settler'));
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ err: 'invalid_issuer' });
  });
});
