import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/**
 * A legacy backend for trying Postern out: it knows one Basic account and nothing newer. `GET /accounts/{id}/debug`
 * answers with the request headers, credential included, as careless legacy systems do.
 */
export async function startExampleLedger(options: {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}): Promise<Server> {
  const expected = `Basic ${Buffer.from(`${options.username}:${options.password}`).toString('base64')}`;
  const entries = new Map<string, string>();

  const server = createServer((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="ledger"' }).end('who are you?\n');
      return;
    }
    answer(request, response, entries);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve);
  });
  return server;
}

const ACCOUNT = /^\/api\/accounts\/([0-9]+)$/;
const DEBUG = /^\/api\/accounts\/([0-9]+)\/debug$/;
const ENTRY = /^\/api\/entries\/([0-9]+)$/;

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  entries: Map<string, string>,
): void {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  if (request.method === 'POST' && path === '/api/entries') {
    create(request, response, entries);
    return;
  }
  const found = lookUp(path, request, entries);
  if (found === undefined) json(response, 404, { error: 'no such thing' });
  else json(response, 200, found);
}

function lookUp(path: string, request: IncomingMessage, entries: Map<string, string>): unknown {
  const account = ACCOUNT.exec(path)?.[1];
  if (account !== undefined) return { account, balance: '1024.00', state: 'closed' };
  if (DEBUG.test(path)) return { youSent: request.headers };
  const entry = entries.get(ENTRY.exec(path)?.[1] ?? '');
  return entry === undefined ? undefined : (JSON.parse(entry) as unknown);
}

function create(
  request: IncomingMessage,
  response: ServerResponse,
  entries: Map<string, string>,
): void {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    const id = String(entries.size + 1);
    entries.set(id, JSON.stringify({ id, body: body.slice(0, 10_000) }));
    json(response, 201, { id });
  });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(`${JSON.stringify(body)}\n`);
}
