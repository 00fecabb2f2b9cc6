import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider, { type ProviderClient } from 'oidc-provider';

/** Clients that get tokens, and one that may introspect. Ids and secrets need the form encoding of RFC 6749. */
const WORKLOAD = { id: 'payments-agent', secret: 'workload secret: 100%+' };
const POSTERN = { id: 'https://postern.test/sts', secret: 'a b:c%d+e&f=g/h' };
const BYSTANDER = { id: 'bystander', secret: 'bystander-secret' };
/** Authenticates by `client_secret_post`. */
const POSTING = { id: 'posting-agent', secret: 'posting secret: 100%+' };

type Client = Readonly<Record<'id' | 'secret', string>>;

/** An authorization server of others: npm `oidc-provider` in this process, with opaque access tokens. */
export class OpaqueTokenIssuer {
  readonly #server: Server;
  #reachable = true;

  /** Introspection requests that it answered. */
  introspections = 0;
  /** Requests for tokens that reached it. */
  tokenRequests = 0;

  /** Registered to get tokens, by `client_secret_basic`. */
  readonly workload: Client = WORKLOAD;
  /** Registered to get tokens, by `client_secret_post`. */
  readonly posting: Client = POSTING;

  /** Registered to introspect. */
  readonly postern: Client = POSTERN;
  /** Registered, and not permitted to introspect. */
  readonly bystander: Client = BYSTANDER;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param audience The `aud` of tokens, unless they are asked for another resource. */
  static async start(audience: string, tokenSeconds = 300): Promise<OpaqueTokenIssuer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const issuer = new OpaqueTokenIssuer(server);
    const answer = new Provider(
      issuer.origin,
      await configurationOf(audience, tokenSeconds),
    ).callback();
    server.on('request', (request, response) => {
      if (request.url === '/token') issuer.tokenRequests += 1;
      if (!issuer.#reachable) {
        response.writeHead(503).end();
        return;
      }
      if (request.url === '/token/introspection') issuer.introspections += 1;
      void answer(request, response);
    });
    return issuer;
  }

  /** Its `iss`. */
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get tokenEndpoint(): string {
    return `${this.origin}/token`;
  }

  get introspectionEndpoint(): string {
    return `${this.origin}/token/introspection`;
  }

  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
  }

  /** A fresh token of `payments-agent` by client credentials; `dpop` is the proof that binds it (RFC 9449). */
  async issue(wanted: { resource?: string; dpop?: string } = {}): Promise<string> {
    const { resource, dpop } = wanted;
    const answer = await this.#post('/token', {
      parameters: {
        grant_type: 'client_credentials',
        scope: 'ledger.read',
        ...(resource === undefined ? {} : { resource }),
      },
      headers: dpop === undefined ? {} : { dpop },
    });
    const { access_token: token } = (await answer.json()) as { access_token?: string };
    if (token === undefined) throw new Error(`no token: ${answer.status}`);
    return token;
  }

  /** Whether the provider says that a token is good, as an API behind it would ask. */
  async isActive(token: string): Promise<boolean> {
    const answer = await this.#post('/token/introspection', {
      parameters: { token },
      headers: {},
      client: POSTERN,
    });
    return ((await answer.json()) as { active?: boolean }).active === true;
  }

  async revoke(token: string): Promise<void> {
    const answer = await this.#post('/token/revocation', { parameters: { token }, headers: {} });
    if (answer.status !== 200) throw new Error(`not revoked: ${answer.status}`);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #post(
    path: string,
    {
      parameters,
      headers,
      client = WORKLOAD,
    }: { parameters: Record<string, string>; headers: Record<string, string>; client?: Client },
  ): Promise<Response> {
    const credentials = [client.id, client.secret].map(encodeURIComponent).join(':');
    return fetch(`${this.origin}${path}`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        ...headers,
      },
      body: new URLSearchParams(parameters),
    });
  }
}

async function configurationOf(
  audience: string,
  tokenSeconds: number,
): Promise<Readonly<Record<string, unknown>>> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk: JWK = { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' };
  return {
    jwks: { keys: [jwk] },
    adapter: memory(),
    cookies: { keys: ['only for tests'] },
    clients: [
      ...[WORKLOAD, POSTERN, BYSTANDER].map(registrationOf),
      { ...registrationOf(POSTING), token_endpoint_auth_method: 'client_secret_post' },
    ],
    scopes: ['ledger.read'],
    ttl: { ClientCredentials: tokenSeconds },
    clientBasedCORS: () => false,
    // Tokens by client credentials have no account: their subject is the client (RFC 9068 section 2.2).
    extraTokenClaims: () => ({ sub: WORKLOAD.id }),
    features: featuresFor(audience),
  };
}

/** Where the provider keeps what it gave, by kind: a memory of its own for each issuer. */
function memory(): (kind: string) => Readonly<Record<string, unknown>> {
  const stored = new Map<string, unknown>();
  const keyOf = (kind: string, id: string): string => JSON.stringify([kind, id]);
  return (kind) => ({
    upsert: async (id: string, payload: unknown) => void stored.set(keyOf(kind, id), payload),
    find: async (id: string) => stored.get(keyOf(kind, id)),
    destroy: async (id: string) => void stored.delete(keyOf(kind, id)),
  });
}

const featuresFor = (audience: string): Readonly<Record<string, unknown>> => ({
  devInteractions: { enabled: false },
  clientCredentials: { enabled: true },
  revocation: {
    enabled: true,
    allowedPolicy: (_context: unknown, client: ProviderClient, token: ProviderClient) =>
      token.clientId === client.clientId,
  },
  dPoP: { enabled: true },
  introspection: {
    enabled: true,
    allowedPolicy: (_context: unknown, client: ProviderClient) => client.clientId === POSTERN.id,
  },
  resourceIndicators: {
    enabled: true,
    defaultResource: () => audience,
    getResourceServerInfo: (_context: unknown, resource: string) => ({
      scope: 'ledger.read',
      audience: resource,
      accessTokenFormat: 'opaque',
    }),
  },
});

const registrationOf = ({ id, secret }: Client): Readonly<Record<string, unknown>> => ({
  client_id: id,
  client_secret: secret,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  id_token_signed_response_alg: 'ES256',
  scope: 'ledger.read',
});
