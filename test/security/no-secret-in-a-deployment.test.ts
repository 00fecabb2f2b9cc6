import { athOf, DpopKey } from '#testing';
import { describeWithServer, testPostgres, type TestDatabase } from '#test-support';
import { postExchange } from '../support/post-exchange.js';
import { until } from '../support/until.js';
import { type MannerName, type OpeningName } from './echoing-destination.js';
import { secretKind } from './secret-kinds.js';
import { type DeployedResource, WatchedDeployment } from './watched-deployment.js';

const OPENBAO_TOKEN = process.env['POSTERN_TEST_OPENBAO_TOKEN'] ?? '';
const MANNERS: readonly MannerName[] = [
  'echo in the body',
  'echo with gzip',
  'echo in headers',
  'status 401',
  'status 500',
  'redirect',
  'cut in mid-answer',
  'an answer that is no HTTP',
];
/** Manners that each kind meets: others than its neighbours. */
const MANNERS_EACH = 3;
/** A login or a request for a token that fails is not tried again at once. */
const OPENINGS: Readonly<Record<string, OpeningName>> = {
  'oauth2-client-credentials by Basic': 'an OAuth error with an echo',
  'oauth2-client-credentials by form': 'a token that is none',
  'form-login': 'refused with an echo',
};
const PATH = '/accounts/42?a=1';

type Headers = Readonly<Record<string, string>>;

/** Needs all of them: a real Kafka, OpenBao and PostgreSQL. */
const describeOnAll = (name: string, body: (kafka: string, openbao: string) => void): void =>
  describeWithServer(name, 'kafka', (kafka) =>
    describeWithServer('with secrets', 'openbao', (openbao) =>
      describeWithServer('with a database', 'postgres-18', () => body(kafka, openbao)),
    ),
  );

describeOnAll('no secret anywhere (G9): a deployment', (kafka, openbao) => {
  let database: TestDatabase;
  let deployment: WatchedDeployment;
  /** Of a call that was made. */
  let handleId = '';
  let correlationId = '';

  beforeAll(async () => {
    database = (await testPostgres(18))!;
    const servers = { kafka, openbao, openbaoToken: OPENBAO_TOKEN, database };
    deployment = await WatchedDeployment.start(servers);
  }, 180_000);
  afterAll(async () => {
    await deployment.stop();
    await database.drop();
  }, 60_000);

  /** A token of the subject; all of it but its header is a canary. */
  async function subjectToken(subject: string): Promise<string> {
    const token = await deployment.folder.issuer.mint(subject);
    const [, claims = '', signature = ''] = token.split('.');
    deployment.canaries.add('a subject token', 'caller', token, claims, signature);
    return token;
  }

  /** Exchanges; the handle goes to the caller and nowhere else. */
  async function exchanged(
    audience: string,
    parameters: Headers = {},
    { subject = 'settler', token }: { subject?: string; token?: string } = {},
  ): Promise<string> {
    const presented = token ?? (await subjectToken(subject));
    const { body } = await postExchange(deployment.folder.publicOrigin, presented, {
      audience,
      scope: `${audience}.use`,
      ...parameters,
    });
    const { access_token: handle, ...rest } = body;
    if (handle !== undefined) deployment.canaries.add('a handle', 'caller', handle);
    deployment.leaves('answer', JSON.stringify(rest));
    return handle ?? '';
  }

  async function heard(url: string, init: RequestInit = {}): Promise<Response> {
    const answer = await fetch(url, { redirect: 'manual', ...init });
    const { status, statusText } = answer;
    const body = await answer.clone().text().catch(String);
    deployment.leaves(
      'answer',
      [status, statusText, ...[...answer.headers].flat(), body].join('\n'),
    );
    return answer;
  }

  const call = async (
    { id, kind, secrets }: DeployedResource,
    handle: string,
    { path = PATH, headers = {} }: { path?: string; headers?: Headers } = {},
  ): Promise<Response> => {
    deployment.destination.secrets = secrets;
    deployment.destination.challenge = /^digest with (.*)$/.exec(kind)?.[1];
    const suitable = secretKind(kind).call ?? { method: 'GET', headers: {} };
    return heard(`${deployment.folder.publicOrigin}/proxy/${id}${path}`, {
      method: suitable.method,
      headers: { authorization: `Bearer ${handle}`, ...suitable.headers, ...headers },
      ...(suitable.body === undefined ? {} : { body: suitable.body }),
    }).catch((error: unknown) => new Response(String(error), { status: 502 }));
  };

  const firstStatus = ({ id, kind }: DeployedResource): number =>
    id.startsWith('field-') || kind in OPENINGS ? 503 : 200;

  it('calls resources of every kind, whatever they answer', async () => {
    const { destination, resources } = deployment;
    for (const [index, resource] of resources.entries()) {
      const handle = await exchanged(resource.id);
      destination.opening = OPENINGS[resource.kind] ?? 'fine';
      const { status } = await call(resource, handle);
      expect([resource.kind, status]).toEqual([resource.kind, firstStatus(resource)]);
      destination.opening = 'fine';
      for (let turn = 0; turn < MANNERS_EACH; turn += 1) {
        destination.manner = MANNERS[(index + turn) % MANNERS.length]!;
        await call(resource, handle);
      }
      destination.manner = 'fine';
    }
    for (const resource of resources.filter(({ kind }) => kind in OPENINGS)) {
      const handle = await exchanged(resource.id);
      await until(`${resource.kind} is served`, async () => {
        const { status } = await call(resource, handle);
        return status === 200;
      });
      destination.manner = 'echo in the body';
      await call(resource, handle);
      destination.manner = 'fine';
    }
  }, 60_000);

  it('refuses exchanges and calls in every way', async () => {
    const [resource] = deployment.resources;
    const { id } = resource!;
    const handle = await exchanged(id);
    const spent = await subjectToken('settler');
    await exchanged(id, {}, { token: spent });
    const others: readonly [Headers, { subject?: string; token?: string }][] = [
      [{}, { token: spent }],
      [{}, { token: `${await subjectToken('settler')}x` }],
      [{}, { subject: 'nobody' }],
      [{}, { token: handle }],
      [{ audience: handle }, {}],
      [{ scope: handle }, {}],
      [{ resource: `https://${handle}.example/` }, {}],
      [{ actor_token: await subjectToken('settler'), actor_token_type: 'x' }, {}],
      [{ client_secret: handle, client_id: handle }, {}],
      [{ client_assertion: spent, client_assertion_type: 'x' }, {}],
    ];
    for (const [parameters, presented] of others) await exchanged(id, parameters, presented);
    await heard(`${deployment.folder.publicOrigin}/oauth2/token?subject_token=${spent}`, {
      method: 'POST',
    });
    await call(resource!, `${handle}x`);
    await call(resource!, handle, { path: '//%2e%2e' });
    await call(resource!, handle, { path: `/accounts/${handle}?access_token=${handle}` });
    await call({ ...resource!, id: handle }, handle);
    await call(resource!, handle, { headers: { authorization: `Token ${handle}` } });
    await call(deployment.resources[1]!, handle);
    const { status } = await heard(`${deployment.folder.publicOrigin}/oauth2/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: handle }),
    });
    expect(status).toBe(200);
    await until('the handle is refused', async () => {
      const answer = await call(resource!, handle);
      correlationId = answer.headers.get('postern-correlation-id') ?? '';
      return answer.status === 401;
    });
  }, 60_000);

  it('takes proofs, good and bad', async () => {
    const [resource] = deployment.resources;
    const key = await DpopKey.create();
    const { publicOrigin } = deployment.folder;
    const proof = (path: string, claims: Record<string, unknown> = {}): string => {
      const made = key.proof({ htu: publicOrigin + path, ...claims });
      deployment.canaries.add('a proof', 'caller', made, made.split('.')[2]!);
      return made;
    };
    const token = await subjectToken('settler');
    const asked = (nonce?: string) =>
      fetch(`${publicOrigin}/oauth2/token`, {
        method: 'POST',
        headers: { dpop: proof('/oauth2/token', { nonce }) },
        body: new URLSearchParams({
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: token,
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          audience: resource!.id,
          scope: `${resource!.id}.use`,
        }),
      });
    const { headers: challenge } = await asked();
    const answer = await asked(challenge.get('dpop-nonce') ?? '');
    const { access_token: handle = '' } = (await answer.json()) as { access_token?: string };
    deployment.canaries.add('a bound handle', 'caller', handle);
    const path = `/proxy/${resource!.id}/accounts/42`;
    const proven = (dpop: string): Promise<Response> =>
      call(resource!, handle, { headers: { authorization: `DPoP ${handle}`, dpop } });
    const bound = { htm: 'GET', ath: athOf(handle) };
    const first = await proven(proof(path, bound));
    const nonce = first.headers.get('dpop-nonce') ?? '';
    const statuses: number[] = [];
    for (const claims of [{}, { htm: 'PUT' }, { jti: 'x' }]) {
      const { status } = await proven(proof(path, { ...bound, nonce, ...claims }));
      statuses.push(status);
    }
    expect(statuses).toEqual([200, 401, 200]);
  });

  it('tells operators, by the admin API and the command line', async () => {
    const { adminOrigin, publicOrigin } = deployment.folder;
    const scope = 'introspect admin.read admin.revoke';
    const operator = await exchanged('postern', { scope }, { subject: 'operator' });
    const token = await exchanged(deployment.resources[0]!.id);
    await call(deployment.resources[0]!, token);
    const headers = { authorization: `Bearer ${operator}` };
    await heard(`${publicOrigin}/oauth2/introspect`, {
      method: 'POST',
      headers,
      body: new URLSearchParams({ token }),
    });
    const listed = await heard(`${adminOrigin}/admin/v1/handles?limit=500`, { headers });
    const { handles } = (await listed.json()) as { handles: { id: string }[] };
    handleId = handles.at(-1)!.id;
    for (const path of [
      `handles/${handleId}`,
      `explain/${correlationId}`,
      'reviews',
      'openapi.json',
      `handles/${token}`,
      `explain/${token}`,
    ]) {
      await heard(`${adminOrigin}/admin/v1/${path}`, { headers });
    }
    const admin = ['--origin', publicOrigin, '--admin', adminOrigin];
    deployment.cli(['grants', 'explain', correlationId, ...admin], operator);
    await heard(`${adminOrigin}/admin/v1/revoke`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ scope: 'handle', id: handleId, reason: 'no secret anywhere' }),
    });
    await until('the records are there', () => deployment.hasRecordOf(handleId), 20_000);
    deployment.cli([
      ...['events', 'tail', '--json', '--from', 'earliest'],
      ...['--subject', handleId, '--limit', '1'],
    ]);
  }, 60_000);

  it('leaves no secret, handle, token or proof: not in rows, records, logs, metrics, answers', async () => {
    await deployment.dump();
    expect(deployment.findings).toEqual([]);
    const places = { table: handleId, topic: handleId, cli: handleId, answer: handleId };
    for (const [place, text] of Object.entries(places)) {
      expect([place, deployment.leftAt(place).includes(text)]).toEqual([place, true]);
    }
    expect(deployment.leftAt('log')).toContain(deployment.folder.publicOrigin);
    expect(deployment.leftAt('metrics')).toContain('postern_secret_reads_total');
    expect(deployment.leftAt('process')).toContain('standalone');
  });

  it('would find one that is planted in a row', async () => {
    const [planted = ''] = deployment.resources[0]!.secrets;
    const hex = Buffer.from(planted).toString('hex');
    await database.database.query('create table planted (bytes bytea, text jsonb)');
    await database.database.query(
      `insert into planted values ('\\x${hex}', null), (null, '${JSON.stringify({ planted }).replaceAll("'", "''")}')`,
    );
    await deployment.dump();
    const forms = deployment.findings.map(({ place, form }) => `${place} ${form}`);
    expect(forms).toEqual(expect.arrayContaining(['table hexadecimal', 'table raw']));
  });
});
