import { randomUUID } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

const ALGORITHM = 'ES256';
const LIFETIME_SECONDS = 300;

/**
 * An OIDC issuer for trying Postern out: discovery, keys, and a page that mints a workload token for whoever asks.
 * Never use it for anything else: it vouches for every name that it is given.
 */
export async function startExampleIssuer(options: {
  readonly host: string;
  readonly port: number;
  /** The `iss` value, and where callers reach it. */
  readonly issuer: string;
  readonly audience: string;
}): Promise<Server> {
  const { issuer } = options;
  const keyId = randomUUID();
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM);
  const publicJwk: JWK = {
    ...(await exportJWK(publicKey)),
    kid: keyId,
    alg: ALGORITHM,
    use: 'sig',
  };

  const mint = (subject: string): Promise<string> =>
    new SignJWT({})
      .setProtectedHeader({ alg: ALGORITHM, kid: keyId, typ: 'JWT' })
      .setIssuer(issuer)
      .setSubject(subject)
      .setAudience(options.audience)
      .setIssuedAt()
      .setExpirationTime(`${LIFETIME_SECONDS}s`)
      .setJti(randomUUID())
      .sign(privateKey);

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', issuer);
    if (url.pathname === '/.well-known/openid-configuration') {
      json(response, {
        issuer,
        jwks_uri: `${issuer}/jwks`,
        id_token_signing_alg_values_supported: [ALGORITHM],
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
      });
    } else if (url.pathname === '/jwks') {
      json(response, { keys: [publicJwk] });
    } else if (url.pathname === '/mint') {
      void mint(url.searchParams.get('sub') ?? 'settler').then((minted) => response.end(minted));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve);
  });
  return server;
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
