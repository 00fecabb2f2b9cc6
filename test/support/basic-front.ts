import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { createClient, ErrorReply } from '@redis/client';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import { type LegacyAccount } from './legacy-process.js';
import { credentialsOf } from './redis.js';

export type FrontKind = 'postgres' | 'mariadb' | 'redis';

/** Where the server is that the front logs in at. */
export interface FrontPlace {
  readonly host: string;
  readonly port: number;
  /** PostgreSQL; default `postgres`. */
  readonly database?: string;
}

type LoginOutcome = 'accepted' | 'refused' | 'unreachable';
type LogIn = (place: FrontPlace, account: LegacyAccount) => Promise<LoginOutcome>;

const LOGIN_MS_MAX = 5_000;
const STATUS: Readonly<Record<LoginOutcome, number>> = {
  accepted: 200,
  refused: 401,
  unreachable: 503,
};

/**
 * An HTTP server on a loopback port that takes Basic credentials and logs in with exactly these, anew for each request:
 * 200 with `<user name> <path>`, 401 when the login is refused, 503 when the server is not reached. It remembers nothing.
 */
export class BasicFront {
  /** Requests by how their login ended; without Basic credentials none was made. */
  readonly logins: Record<LoginOutcome | 'none', number> = {
    accepted: 0,
    refused: 0,
    unreachable: 0,
    none: 0,
  };
  readonly #server: Server;

  private constructor(
    private readonly logIn: LogIn,
    private readonly place: FrontPlace,
  ) {
    this.#server = createServer((request, response) => {
      request.resume();
      void this.#answer(request, response);
    });
  }

  static async start(kind: FrontKind, place: FrontPlace): Promise<BasicFront> {
    const front = new BasicFront(LOGINS[kind], place);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const account = basicAccount(request.headers.authorization);
    const outcome = account === undefined ? 'none' : await this.logIn(this.place, account);
    this.logins[outcome] += 1;
    const status = outcome === 'none' ? STATUS.refused : STATUS[outcome];
    const asked = status === 401 ? { 'www-authenticate': 'Basic realm="front"' } : {};
    response.writeHead(status, { 'content-type': 'text/plain', ...asked });
    response.end(
      outcome === 'accepted' ? `${account?.username ?? ''} ${request.url ?? ''}` : outcome,
    );
  }
}

export const basicFront = (kind: FrontKind, place: FrontPlace): Promise<BasicFront> =>
  BasicFront.start(kind, place);

/** RFC 7617, with UTF-8. */
export function basicAccount(authorization: string | undefined): LegacyAccount | undefined {
  const [, encoded] = /^basic ([a-z0-9+/]+={0,2})$/i.exec(authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon === -1) return undefined;
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

const LOGINS: Readonly<Record<FrontKind, LogIn>> = {
  postgres: async ({ host, port, database = 'postgres' }, { username, password }) => {
    const client = new pg.Client({
      ...{ host, port, database, user: username, password, ssl: false },
      connectionTimeoutMillis: LOGIN_MS_MAX,
    });
    client.on('error', () => undefined);
    return outcomeOf(client.connect(), codeIs('28P01', '28000')).finally(() => {
      client.end().catch(() => undefined);
    });
  },
  mariadb: async ({ host, port }, { username, password }) =>
    outcomeOf(
      createConnection({
        ...{ host, port, user: username, password, connectTimeout: LOGIN_MS_MAX },
      }).then((connection) => {
        connection.destroy();
      }),
      codeIs('ER_ACCESS_DENIED_ERROR'),
    ),
  redis: async ({ host, port }, account) => {
    const client = createClient({
      credentialsProvider: credentialsOf(account),
      ...{ RESP: 2, disableClientInfo: true, maintNotifications: 'disabled' },
      socket: { host, port, connectTimeout: LOGIN_MS_MAX, reconnectStrategy: false },
    });
    client.on('error', () => undefined);
    const isRefused = (error: unknown): boolean =>
      error instanceof ErrorReply && error.message.startsWith('WRONGPASS');
    return outcomeOf(client.connect(), isRefused).finally(() => {
      client.destroy();
    });
  },
};

const codeIs =
  (...codes: readonly string[]) =>
  (error: unknown): boolean =>
    codes.includes(String((error as { code?: unknown }).code));

const outcomeOf = (
  login: Promise<unknown>,
  isRefused: (error: unknown) => boolean,
): Promise<LoginOutcome> =>
  login.then(
    () => 'accepted',
    (error: unknown) => (isRefused(error) ? 'refused' : 'unreachable'),
  );
