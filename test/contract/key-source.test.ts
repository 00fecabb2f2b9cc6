import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { IssuerKeySource } from '#adapters/issuers';
import { type IssuerRegistration, type KeyLocation, type PublishedJwk } from '#identity';
import { FixedClock, keySourceContract, type KeySourceUnderTest, TestIssuer } from '#testing';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(answer: Answer): Promise<{ server: Server; origin: string }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

async function registrationOf(issuer: string, keys: KeyLocation): Promise<IssuerRegistration> {
  return (await TestIssuer.create({ issuer })).registration({ id: 'contract', keys });
}

/** An issuer behind HTTP: its discovery document, where asked for, and its key set. */
async function overHttp(kind: 'uri' | 'discovery'): Promise<KeySourceUnderTest> {
  let keys: readonly PublishedJwk[] = [];
  let reachable = true;
  let fetches = 0;
  const documents: Readonly<Record<string, () => unknown>> = {
    '/.well-known/openid-configuration': () => ({ issuer: origin, jwks_uri: `${origin}/jwks` }),
    '/jwks': () => ({ keys }),
  };
  const first = kind === 'uri' ? '/jwks' : '/.well-known/openid-configuration';
  const { server, origin } = await listen((request, response) => {
    if (request.url === first) fetches += 1;
    const document = documents[request.url ?? ''];
    response.statusCode = document === undefined ? 404 : reachable ? 200 : 503;
    response.end(JSON.stringify(document?.()));
  });
  const clock = new FixedClock();
  const location: KeyLocation = kind === 'uri' ? { kind, uri: `${origin}/jwks` } : { kind };
  return {
    source: new IssuerKeySource({ clock }),
    registration: await registrationOf(origin, location),
    clock,
    publish: async (published) => void (keys = published),
    setReachable: async (wanted) => void (reachable = wanted),
    fetches: () => fetches,
    close: () => close(server),
  };
}

describe('the keys of an issuer at a registered address', () => {
  keySourceContract(() => overHttp('uri'));
});

describe('the keys of an issuer by discovery', () => {
  keySourceContract(() => overHttp('discovery'));
});
