import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { parseHandle } from '#handles';
import { type Probe, type ProbeAnswer, ProbeTarget } from '#platform';
import { callProbes, type ProbedConfig } from './call-prober.module.js';

const UNKNOWN = 'call-with-unknown-handle';
const WITHOUT = 'call-without-handle';

const config: ProbedConfig = {
  environment: 'test',
  resources: [
    {
      id: 'ledger',
      scopes: {
        'ledger.post': ['POST /entries'],
        'ledger.read': ['GET /accounts/{id}/**', 'GET /entries'],
      },
    },
    { id: 'queue', scopes: { 'queue.post': ['POST /messages'] } },
  ],
};

const asked: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[] = [];
let server: Server | undefined;
let target: ProbeTarget | undefined;

afterEach(async () => {
  await target?.close();
  server?.closeAllConnections();
  server?.close();
  asked.splice(0);
});

interface Answer {
  readonly status: number;
  readonly code?: string;
  readonly body?: string;
}

async function answering({ status, code, body }: Answer, way: ProbeTarget['way'] = 'direct') {
  server = createServer((request, response) => {
    asked.push(request);
    if (code !== undefined) response.setHeader('postern-error', code);
    response.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const host = '127.0.0.1';
  target =
    way === 'direct'
      ? ProbeTarget.ownListener({ host, port })
      : ProbeTarget.at(`http://${host}:${port}`);
}

const probeOf = (name: string): Probe =>
  callProbes(config, target!).find((probe) => probe.name === name)!;

const ask = (name: string, resource = 'ledger'): Promise<ProbeAnswer> =>
  probeOf(name).ask(resource, AbortSignal.timeout(5_000));

describe('a call that must be refused', () => {
  it('is tried at every resource', async () => {
    await answering({ status: 401, code: 'invalid_token' });
    expect(probeOf(UNKNOWN).items).toEqual(['ledger', 'queue']);
    expect(probeOf(WITHOUT).items).toEqual(['ledger', 'queue']);
  });

  it('shows a well-formed handle of this environment, another each time', async () => {
    await answering({ status: 401, code: 'invalid_token' });
    expect(await ask(UNKNOWN)).toEqual({ outcome: 'refused' });
    await ask(UNKNOWN);
    const handles = asked.map(
      ({ headers }) => headers.authorization?.slice('Bearer '.length) ?? '',
    );
    expect(new Set(handles).size).toBe(2);
    for (const handle of handles) {
      expect(parseHandle(handle)).toMatchObject({ kind: 'handle', environment: 'test' });
    }
  });

  it('shows none at all', async () => {
    await answering({ status: 401, code: 'missing-handle' });
    expect(await ask(WITHOUT)).toEqual({ outcome: 'refused' });
    expect(asked[0]?.headers.authorization).toBeUndefined();
    expect(asked[0]?.headers['user-agent']).toBe('postern-prober');
  });

  it('only ever reads: should it be permitted, nothing changes', async () => {
    await answering({ status: 401, code: 'missing-handle' });
    await ask(WITHOUT, 'ledger');
    await ask(WITHOUT, 'queue');
    expect(asked.map(({ method, url }) => `${method!} ${url!}`)).toEqual([
      'GET /proxy/ledger/accounts/postern-prober/postern-prober',
      'GET /proxy/queue/postern-prober',
    ]);
  });

  it.each([
    ['an answer of the destination', { status: 200, body: '{"account":"42"}' }],
    ['a refusal of the destination, for the call came through', { status: 401 }],
    ['a failure of the destination', { status: 503 }],
    [
      'a destination that is away, for the call was on its way',
      { status: 502, code: 'upstream-unreachable' },
    ],
    [
      'a missing credential, for the handle was believed',
      { status: 503, code: 'credential-unavailable' },
    ],
    ['a missing scope, for the handle was believed', { status: 403, code: 'insufficient_scope' }],
    ['a 401 for something else', { status: 401, code: 'invalid_dpop_proof' }],
  ] as [string, Answer][])('is breached by %s', async (_, answer) => {
    await answering(answer);
    const told = expect.stringContaining(`answered ${answer.status}`) as string;
    expect(await ask(UNKNOWN)).toEqual({
      outcome: 'breached',
      permitted: `a call of resource ledger: ${UNKNOWN}`,
      detail: told,
    });
    expect(await ask(WITHOUT)).toMatchObject({ outcome: 'breached', detail: told });
  });

  it('tells nothing of the handle or of the answer', async () => {
    await answering({ status: 200, code: 'Nope! <script>', body: 'a secret' });
    const answer = JSON.stringify(await ask(UNKNOWN));
    expect(answer).not.toContain('pst_');
    expect(answer).not.toContain('secret');
    expect(answer).not.toContain('script');
  });

  it.each(['dependency-unavailable', 'internal-error', 'ambiguous-request'])(
    'proves nothing when it is answered by %s',
    async (code) => {
      await answering({ status: 503, code });
      expect(await ask(UNKNOWN)).toMatchObject({ outcome: 'unreachable' });
    },
  );

  it('proves nothing when a gateway on the way fails', async () => {
    await answering({ status: 502 }, 'by-others');
    expect(await ask(UNKNOWN)).toMatchObject({ outcome: 'unreachable' });
  });

  it('is breached by what a gateway lets through', async () => {
    await answering({ status: 200 }, 'by-others');
    expect(await ask(UNKNOWN)).toMatchObject({ outcome: 'breached' });
  });
});
