import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider, { type ProviderClient } from 'oidc-provider';

export const ISSUER_ALGORITHMS = ['ES256', 'PS256', 'EdDSA'] as const;
export type IssuerAlgorithm = (typeof ISSUER_ALGORITHMS)[number];

/** A private key that an issuer signs with. */
export type SigningKey = JWK & { readonly alg: string; readonly kid: string };

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const CLIENT_SECRET = 'only-for-tests';

/** The workload that gets tokens of this algorithm: their `sub`. */
export const workloadOf = (algorithm: IssuerAlgorithm): string =>
  `agent-${algorithm.toLowerCase()}`;

export async function newSigningKey(algorithm: IssuerAlgorithm): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: algorithm, kid: randomUUID(), use: 'sig' };
}

/**
 * An authorization server of others: npm `oidc-provider` in this process, whose access tokens are JWTs (RFC 9068). It
 * reads its keys once, when it starts: another set of keys takes another start, on the same port.
 */
export class JwtIssuer {
  #answer: Answer;

  private constructor(
    private readonly server: Server,
    private readonly audience: string,
    keys: readonly SigningKey[],
  ) {
    this.#answer = this.#provider(keys);
    server.on('request', (request, response) => void this.#answer(request, response));
  }

  /** @param audience The `aud` of its tokens. */
  static async start(audience: string, keys: readonly SigningKey[]): Promise<JwtIssuer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new JwtIssuer(server, audience, keys);
  }

  /** Its `iss`. */
  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Starts anew with these keys and no others; of each algorithm the first signs. No request finds the port closed. */
  restart(keys: readonly SigningKey[]): void {
    this.#answer = this.#provider(keys);
  }

  /** A fresh access token of `workloadOf(algorithm)`, by client credentials. */
  async issue(algorithm: IssuerAlgorithm): Promise<string> {
    const credentials = Buffer.from(`${workloadOf(algorithm)}:${CLIENT_SECRET}`);
    const answer = await fetch(`${this.origin}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials.toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'ledger.read' }),
    });
    const { access_token: token } = (await answer.json()) as { access_token?: string };
    if (token === undefined) throw new Error(`no token: ${answer.status}`);
    return token;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #provider(keys: readonly SigningKey[]): Answer {
    return new Provider(this.origin, {
      jwks: { keys },
      adapter: nothingStored,
      cookies: { keys: ['only for tests'] },
      clients: ISSUER_ALGORITHMS.map(registrationOf),
      clientDefaults: { id_token_signed_response_alg: keys[0]!.alg },
      scopes: ['ledger.read'],
      ttl: { ClientCredentials: 300 },
      clientBasedCORS: () => false,
      features: featuresFor(this.audience, keys),
    }).callback();
  }
}

/** Its clients are fixed and its tokens speak for themselves: there is nothing to keep. */
const nothingStored = (): Readonly<Record<string, unknown>> => ({
  upsert: async () => undefined,
  find: async () => undefined,
  destroy: async () => undefined,
});

const registrationOf = (algorithm: IssuerAlgorithm): Readonly<Record<string, unknown>> => ({
  client_id: workloadOf(algorithm),
  client_secret: CLIENT_SECRET,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  scope: 'ledger.read',
});

const featuresFor = (
  audience: string,
  keys: readonly SigningKey[],
): Readonly<Record<string, unknown>> => ({
  devInteractions: { enabled: false },
  clientCredentials: { enabled: true },
  resourceIndicators: {
    enabled: true,
    defaultResource: () => audience,
    getResourceServerInfo: (_context: unknown, resource: string, { clientId }: ProviderClient) => ({
      scope: 'ledger.read',
      audience: resource,
      accessTokenFormat: 'jwt',
      jwt: { sign: signedBy(clientId, keys) },
    }),
  },
});

function signedBy(workload: string, keys: readonly SigningKey[]): { alg: string; kid: string } {
  const algorithm = ISSUER_ALGORITHMS.find((one) => workloadOf(one) === workload);
  const key = keys.find(({ alg }) => alg === algorithm);
  if (key === undefined) throw new Error(`no key to sign for ${workload}`);
  return { alg: key.alg, kid: key.kid };
}
