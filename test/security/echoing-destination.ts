import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { TestCertificate } from '#testing';
import { REALM } from './secret-kinds.js';

/** What is told of a call: what it was, and every secret that the destination knows, in every form. */
interface Echo {
  readonly text: string;
  /** For headers: without line ends. */
  readonly lines: readonly string[];
}

type Manner = (response: ServerResponse, echo: Echo, request: IncomingMessage) => void;

const withStatus =
  (status: number, headers: Readonly<Record<string, string>> = {}): Manner =>
  (response, { text }) =>
    void response.writeHead(status, headers).end(text);

const compressed =
  (coding: string, compress: (bytes: Buffer) => Buffer): Manner =>
  (response, { text }) => {
    const body = compress(Buffer.from(text));
    response.writeHead(200, { 'content-encoding': coding }).end(body);
  };

const HEADERS = ['X-Debug', 'Set-Cookie', 'Server-Timing', 'WWW-Authenticate', 'Etag', 'Link'];
/** A block of headers that is larger than the proxy takes would end the call before it is scrubbed. */
const HEADER_LINES_MAX = 60;

/** How a destination answers calls. All but `fine` tell what they know. */
export const MANNERS = {
  fine: (response) => void response.end('fine'),
  'echo in the body': withStatus(200),
  'echo byte by byte': (response, { text }) => {
    response.writeHead(200);
    for (let at = 0; at < text.length; at += 7) response.write(text.slice(at, at + 7));
    response.end();
  },
  'echo with gzip': compressed('gzip', gzipSync),
  'echo with deflate': compressed('deflate', deflateSync),
  'echo with br': compressed('br', brotliCompressSync),
  'echo with a coding that nobody knows': withStatus(200, { 'content-encoding': 'x-secret' }),
  'echo with gzip that is none': withStatus(200, { 'content-encoding': 'gzip' }),
  'echo in headers': (response, { lines }) => {
    const pairs = lines.flatMap((line, index) => [HEADERS[index % HEADERS.length] ?? '', line]);
    response.writeHead(200, pairs).end('x');
  },
  'echo in the reason': (response, { lines }) =>
    void response.writeHead(200, lines.slice(0, 12).join(' ')).end('x'),
  'echo in trailers': (response, { lines }) => {
    response.writeHead(200, { trailer: 'X-End' }).write('x');
    response.addTrailers(lines.map((line): [string, string] => ['X-End', line]));
    response.end();
  },
  'status 401': withStatus(401, { 'www-authenticate': 'Basic realm="x"' }),
  'status 403': withStatus(403),
  'status 500': withStatus(500),
  redirect: (response, { lines, text }) => {
    const location = `http://${response.req.headers.host}/x?${lines.slice(0, 20).join('&')}`;
    response.writeHead(302, { location: location.replaceAll(' ', '+') }).end(text);
  },
  'redirect elsewhere': (response, { lines }, { url = '' }) => {
    const location = `https://elsewhere.example/?a=${encodeURIComponent(url)}&${lines[1] ?? ''}`;
    response.writeHead(307, { location, refresh: `0;url=${location}` }).end();
  },
  silence: () => undefined,
  'cut in mid-answer': (response, { text }) => {
    response.writeHead(200, { 'content-length': text.length + 100 });
    response.write(text, () => response.destroy());
  },
  'cut before the answer': (response) => void response.destroy(),
  'an answer that is no HTTP': (response, { text }) =>
    void response.socket?.end(`HTTP/1.1 200 OK\r\n${text} is no header\r\n\r\n`),
  'a header that is none': (response, { lines }) =>
    void response.socket?.end(`HTTP/1.1 200 OK\r\nX: a\u0000${lines.join(' ')}\r\n\r\n`),
  'a length that is none': (response, { lines }) =>
    void response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Length: ${lines.join('')}\r\n\r\n`),
} as const satisfies Readonly<Record<string, Manner>>;

export type MannerName = keyof typeof MANNERS;

/** How its login form and its token endpoint answer. */
export const OPENINGS = {
  fine: undefined,
  'refused with an echo': withStatus(401, { 'content-type': 'application/json' }),
  'broken with an echo': withStatus(500),
  'redirect with an echo': MANNERS.redirect,
  'cut with an echo': MANNERS['cut in mid-answer'],
  'no HTTP': MANNERS['an answer that is no HTTP'],
  'an OAuth error with an echo': (response, { text }) =>
    void response
      .writeHead(400, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: text, error_description: text, error_uri: text })),
  'a token that is none': (response, { text }) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ access_token: `${text} "`, token_type: 'bearer', scope: text })),
  'JSON that is none': (response, { text }) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(`{"a": ${text}`),
} as const satisfies Readonly<Record<string, Manner | undefined>>;

export type OpeningName = keyof typeof OPENINGS;

/**
 * A legacy system that tells all it knows: http and https on loopback, with a login form, a token endpoint and digest
 * challenges. Its manner is that of every call until it is told another.
 */
export class EchoingDestination {
  manner: MannerName = 'fine';
  opening: OpeningName = 'fine';
  /** Algorithm of digest challenges; undefined: it challenges nobody. */
  challenge: string | undefined;
  /** What it knows beside what calls bring. */
  secrets: readonly string[] = [];
  /** Hears of the sessions and tokens that it gives. */
  onGiven: (given: string) => void = () => undefined;
  /** Whatever reached it, in words. */
  readonly seen: string[] = [];
  readonly #servers: Server[] = [];

  private constructor(readonly authority: TestCertificate) {}

  static async start(): Promise<EchoingDestination> {
    const authority = await TestCertificate.selfSigned();
    const certificate = await authority.issue({ dnsNames: ['destination.test'] });
    const destination = new EchoingDestination(authority);
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      response.on('error', () => undefined);
      text(request).then(
        (body) => {
          destination.#answer(request, body, response);
        },
        () => undefined,
      );
    };
    destination.#servers.push(
      createServer(serve),
      createTlsServer(
        {
          key: certificate.keyPem,
          cert: certificate.pem,
          requestCert: true,
          rejectUnauthorized: false,
        },
        serve,
      ),
    );
    for (const server of destination.#servers) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    return destination;
  }

  get origin(): string {
    return `http://127.0.0.1:${portOf(this.#servers[0]!)}`;
  }

  /** Its certificate is for `destination.test`. */
  get tlsOrigin(): string {
    return `https://127.0.0.1:${portOf(this.#servers[1]!)}`;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  #answer(request: IncomingMessage, body: string, response: ServerResponse): void {
    const { method = '', url = '', rawHeaders } = request;
    const got = JSON.stringify({ method, url, rawHeaders, body });
    this.seen.push(got);
    const manner = MANNERS[this.manner];
    const [path] = url.split('?');
    const open = path === undefined ? undefined : this.#openings[path];
    const echo = echoOf([...this.secrets, ...rawHeaders, url, body], got);
    if (open !== undefined) (OPENINGS[this.opening] ?? open)(response, echo, request);
    else if (this.challenge !== undefined && request.headers.authorization === undefined)
      this.#challengeAt(response, echo);
    else manner(response, echo, request);
  }

  #challengeAt(response: ServerResponse, { text }: Echo): void {
    const nonce = randomBytes(16).toString('hex');
    const challenge = `Digest realm="${REALM}", qop="auth", algorithm=${this.challenge}, nonce="${nonce}"`;
    response.writeHead(401, { 'www-authenticate': challenge }).end(text);
  }

  readonly #openings: Readonly<Record<string, Manner>> = {
    '/token': (response) => {
      const token = this.#give();
      const answer = { access_token: token, token_type: 'Bearer', expires_in: 300 };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    },
    '/login': (response) => {
      response.setHeader('set-cookie', `pre=${this.#give()}; Path=/`);
      response.end('<form><input type=hidden name=csrf value=c><input name=pass></form>');
    },
    '/session': (response) => {
      const cookie = `sid=${this.#give()}; Path=/`;
      response.writeHead(302, { location: '/home', 'set-cookie': cookie }).end();
    },
    '/logout': (response) => void response.end(),
  };

  #give(): string {
    const given = `given-${randomBytes(16).toString('hex')}`;
    this.onGiven(given);
    return given;
  }
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function echoOf(told: readonly string[], got: string): Echo {
  const lines = told.flatMap(formsOf);
  return {
    text: [got, ...lines].join('\n'),
    lines: lines.filter((line) => /^[ -~]+$/.test(line)).slice(0, HEADER_LINES_MAX),
  };
}

/** As debug pages, traces and dumps write it. */
function formsOf(text: string): readonly string[] {
  const at = (offset: number): string => 'x'.repeat(offset) + text;
  return [
    text,
    ...[0, 1, 2].map((offset) => Buffer.from(`${at(offset)}y`).toString('base64')),
    ...[0, 1, 2].map((offset) => Buffer.from(`${at(offset)}y`).toString('base64url')),
    Buffer.from(text).toString('hex'),
    Buffer.from(text).toString('hex').toUpperCase(),
    encodeURIComponent(text),
    encodeURI(text),
    encodeURIComponent(text).replace(/%../g, (escape) => escape.toLowerCase()),
    new URLSearchParams({ '': text }).toString(),
    JSON.stringify(text),
    JSON.stringify({ debug: `Basic ${Buffer.from(text).toString('base64')}` }),
  ];
}
