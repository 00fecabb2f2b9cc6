import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { frame, FrameReader } from '../../security/websocket-frames.js';
import { DigestServer } from '../digest-server.js';
import { ANSWERS } from './legacy-answers.js';
import { LegacyLogin } from './legacy-login.js';

/**
 * The destinations of the soak, in a process of their own: plain ones that judge a Basic credential, one with a login
 * form, one with digest challenges, one that takes tokens and gives them. Passwords are those of any version. Says its
 * port in a line; `GET /counts` tells how many calls were taken of each path template.
 */
const PASSWORD = /^ledger-password-of-version-\d+$/;
/** Shorter than what the proxy keeps by itself: connections are opened and closed all the time. */
const KEEP_ALIVE_MS = 3_000;
const TOKEN_SECONDS = 30;
/** Of RFC 6455 section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const counts = new Map<string, number>();
const login = new LegacyLogin('/form', (password) => PASSWORD.test(password));
const digest = new DigestServer({
  username: 'ledger-svc',
  password: 'ledger-password-of-version-0',
  realm: 'ledger',
  algorithm: 'SHA-256',
  qop: 'auth',
});
let tokens = 0;

type Gate = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** Whether the gate has answered: then no call was taken. */
const GATES: Readonly<Record<string, Gate>> = {
  form: (request, response) => login.answers(request, response),
  digest: ({ method = '', url = '', headers }, response) => {
    const { authorization } = headers;
    const { status, headers: more } = digest.judge({ method, url, authorization, body: '' });
    if (status === 401) response.writeHead(401, more).end();
    return status === 401;
  },
  token: async (request, response) => {
    if (request.url === '/token/token') {
      await giveToken(request, response);
      return true;
    }
    const isGood = /^Bearer token-\d+-/.test(request.headers.authorization ?? '');
    if (!isGood) response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
    return !isGood;
  },
};

async function giveToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
  await text(request);
  tokens += 1;
  const access_token = `token-${tokens}-of-the-ledger`;
  // Both halves are form-encoded (RFC 6749 section 2.3.1).
  const secret = decodeURIComponent(passwordOf(request.headers.authorization));
  const isClient = PASSWORD.test(secret);
  response.writeHead(isClient ? 200 : 401, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify(
      isClient
        ? { access_token, token_type: 'Bearer', expires_in: TOKEN_SECONDS }
        : { error: 'invalid_client' },
    ),
  );
}

const passwordOf = (authorization = ''): string =>
  Buffer.from(authorization.replace(/^Basic /, ''), 'base64')
    .toString()
    .split(':')
    .at(-1) ?? '';

const basicGate: Gate = ({ headers }, response) => {
  if (PASSWORD.test(passwordOf(headers.authorization))) return false;
  response.writeHead(401).end('who is this?');
  return true;
};

/** `/strict/accounts/17` as `['strict', 'accounts']`. */
const partsOf = ({ url = '' }: IncomingMessage): readonly [string, string] => {
  const [, resource = '', kind = ''] = url.split('/');
  return [resource, kind];
};

function count(request: IncomingMessage, method = request.method ?? ''): void {
  const [resource, kind] = partsOf(request);
  const key = `${resource} ${method} /${kind}/{id}`;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  if (request.url === '/counts') {
    response.end(JSON.stringify(Object.fromEntries(counts)));
    return;
  }
  const [resource, kind] = partsOf(request);
  if (await (GATES[resource] ?? basicGate)(request, response)) return;
  const taken = ANSWERS[kind];
  if (taken === undefined) {
    response.writeHead(404).end();
    return;
  }
  count(request);
  await taken(request, response);
}

/** Echoes every frame, until either side has enough. */
function switchProtocols(request: IncomingMessage, socket: Socket): void {
  socket.on('error', () => undefined).on('end', () => socket.end());
  if (!PASSWORD.test(passwordOf(request.headers.authorization))) {
    socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  count(request, 'UPGRADE');
  const key = request.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(`${[...lines, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
  const reader = new FrameReader();
  socket.on('data', (chunk: Buffer) => {
    for (const { opcode, payload } of reader.push(chunk)) socket.write(frame(payload, { opcode }));
  });
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy());
});
server.keepAliveTimeout = KEEP_ALIVE_MS;
server.on('upgrade', switchProtocols);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0)); // Whoever started it is gone.
