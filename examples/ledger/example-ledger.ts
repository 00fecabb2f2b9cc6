import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type LedgerPassword } from './ledger-password.js';

/**
 * A legacy backend for trying Postern out: it knows one Basic account and nothing newer. `GET /accounts/{id}/debug`
 * answers with the request headers, credential included, as careless legacy systems do. `POST /password` changes the
 * password; the old one is not taken from then on.
 */
export async function startExampleLedger(options: {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: LedgerPassword;
}): Promise<Server> {
  const { username, password } = options;
  const ledger: Ledger = { password, entries: new Map() };

  const server = createServer((request, response) => {
    if (!password.isIn(request.headers.authorization, username)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="ledger"' }).end('who are you?\n');
      return;
    }
    answer(request, response, ledger);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve);
  });
  return server;
}

const ACCOUNT = /^\/api\/accounts\/([0-9]+)$/;
const DEBUG = /^\/api\/accounts\/([0-9]+)\/debug$/;
const ENTRY = /^\/api\/entries\/([0-9]+)$/;

interface Ledger {
  readonly password: LedgerPassword;
  readonly entries: Map<string, string>;
}

function answer(request: IncomingMessage, response: ServerResponse, ledger: Ledger): void {
  const { entries, password } = ledger;
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const operation = `${request.method ?? ''} ${path}`;
  if (operation === 'POST /api/entries') {
    create(request, response, entries);
    return;
  }
  if (operation === 'POST /api/password') {
    changePassword(request, response, password);
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
  withBody(request, (body) => {
    const id = String(entries.size + 1);
    entries.set(id, JSON.stringify({ id, body: body.slice(0, 10_000) }));
    json(response, 201, { id });
  });
}

/** `{"old": ..., "new": ...}`, as web applications of its age have it. */
function changePassword(
  request: IncomingMessage,
  response: ServerResponse,
  password: LedgerPassword,
): void {
  withBody(request, (body) => {
    void membersOf(body).then((asked) => {
      if (password.change(asked['old'], asked['new'])) response.writeHead(204).end();
      else
        json(response, 422, { error: 'the old password is another, or the new one is too short' });
    });
  });
}

/** None of what is no JSON object. */
const membersOf = (body: string): Promise<Readonly<Record<string, unknown>>> =>
  new Response(body).json().then(
    (value: unknown) => (typeof value === 'object' && value !== null ? { ...value } : {}),
    () => ({}),
  );

function withBody(request: IncomingMessage, done: (body: string) => void): void {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    done(body);
  });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(`${JSON.stringify(body)}\n`);
}
