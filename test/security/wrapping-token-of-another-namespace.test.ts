import { randomBytes } from 'node:crypto';
import { request } from 'undici';
import { VaultWrappingTokens } from '#adapters/vault';
import { assertWrappingToken } from '#adapters/intake';
import { Secret, SystemClock } from '#kernel';
import { wrapVerdict } from '#rotation';
import { describeWithServer, type OpenBaoAdmin, openBaoAdmin } from '#test-support';

const clock = new SystemClock();
const auth = { kind: 'token', token: Secret.of('never-used') } as const;

/**
 * The creation path of a wrapping token is relative to its namespace, and its look-up works from any: who administers a
 * namespace could mount the expected path there and hand over a value of his own.
 */
describeWithServer('a wrapping token of the expected path in another namespace', 'openbao', () => {
  let admin: OpenBaoAdmin;
  const namespace = `ns-${randomBytes(5).toString('hex')}`;
  let tokens: VaultWrappingTokens;
  let mount: string;
  let creationPath: string;
  let namespaceId: string;

  beforeAll(async () => {
    admin = openBaoAdmin();
    tokens = new VaultWrappingTokens({ settings: { address: admin.address, auth } });
    mount = await admin.mountKv();
    creationPath = `${mount}/data/intake/ledger`;
    const made = await admin.must('POST', `sys/namespaces/${namespace}`, {});
    namespaceId = (made as { data: { id: string } }).data.id;
    const kv = { type: 'kv', options: { version: '2' } };
    await admin.must('POST', `${namespace}/sys/mounts/${mount}`, kv);
    await admin.must('POST', creationPath, { data: { password: 'ours' } });
    await admin.must('POST', `${namespace}/${creationPath}`, { data: { password: 'of-others' } });
  });
  afterAll(() => tokens.close());

  const verdictOf = async (token: string, expectedNamespace?: string): Promise<string> =>
    wrapVerdict({
      lookup: await tokens.lookUp(Secret.of(token)),
      told: undefined,
      expected: {
        creationPath,
        ...(expectedNamespace === undefined ? {} : { namespace: expectedNamespace }),
        ...{ ttlSecondsMax: 900, ageSecondsMax: 900 },
      },
      isFirst: true,
      requestedAt: clock.now(),
      now: clock.now(),
    }).verdict;

  it('is suspect, though Vault tells of it the very same path', async () => {
    const token = await admin.wrapRead(`${namespace}/${creationPath}`, 300);
    expect(await tokens.lookUp(Secret.of(token))).toMatchObject({
      creationPath,
      namespace: namespaceId,
    });
    expect(await verdictOf(token)).toBe('wrong_path');
    expect(await verdictOf(token, 'other')).toBe('wrong_path');
    expect((await admin.unwrap(token)).status).toBe(200);
  });

  it('is genuine where that is the namespace that is expected, and one of the root is not', async () => {
    expect(
      await verdictOf(await admin.wrapRead(`${namespace}/${creationPath}`, 300), namespaceId),
    ).toBe('genuine');
    const token = await admin.wrapRead(creationPath, 300);
    expect(await verdictOf(token, namespaceId)).toBe('wrong_path');
    expect(await verdictOf(token)).toBe('genuine');
  });

  it('cannot be made to look like another by taking its namespace away, or adding one', async () => {
    const token = await admin.wrapRead(`${namespace}/${creationPath}`, 300);
    const bare = token.slice(0, token.lastIndexOf('.'));
    for (const altered of [bare, `${bare}.root`, `${bare}.${namespaceId}.root`]) {
      expect(await tokens.lookUp(Secret.of(altered))).toBeUndefined();
    }
    const own = await admin.wrapRead(creationPath, 300);
    expect(await tokens.lookUp(Secret.of(`${own}.${namespaceId}`))).toBeUndefined();
  });

  it('is of the root namespace in the format of a JWT: that is not taken, and no namespace but the root takes what is in it', async () => {
    const answer = await request(`${admin.address}/v1/${namespace}/${creationPath}`, {
      headers: {
        'x-vault-token': admin.rootToken,
        ...{ 'x-vault-wrap-ttl': '300', 'x-vault-wrap-format': 'jwt' },
      },
    });
    const { wrap_info: wrap } = (await answer.body.json()) as { wrap_info: { token: string } };
    expect(() => {
      assertWrappingToken(Secret.of(wrap.token));
    }).toThrow('none in the format of a JWT');
    const claims = Buffer.from(wrap.token.split('.')[1]!, 'base64url').toString();
    const { jti } = JSON.parse(claims) as { jti: string };
    expect(await verdictOf(jti, namespaceId)).toBe('wrong_path');
    // What docs/rotation-operations.md says of the root namespace: a server with others cannot tell.
    expect(await verdictOf(jti)).toBe('genuine');
  });
});
