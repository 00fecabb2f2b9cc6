import { SIGNATURE_ALGORITHMS } from '#identity';
import { authorizationServerMetadata } from './authorization-server-metadata.js';

const metadata = authorizationServerMetadata('https://postern.test');

it('M-01, M-02: names this server and its endpoints', () => {
  expect(metadata).toMatchObject({
    issuer: 'https://postern.test',
    token_endpoint: 'https://postern.test/oauth2/token',
    introspection_endpoint: 'https://postern.test/oauth2/introspect',
    revocation_endpoint: 'https://postern.test/oauth2/revoke',
    grant_types_supported: ['urn:ietf:params:oauth:grant-type:token-exchange'],
  });
});

it('M-02: offers no algorithm that is none or symmetric', () => {
  const offered = JSON.stringify([...SIGNATURE_ALGORITHMS]);
  expect(metadata['token_endpoint_auth_signing_alg_values_supported']).toEqual(JSON.parse(offered));
  expect(offered).not.toMatch(/none|HS\d/i);
});

it('M-03: has the required list of response types, which is empty', () => {
  expect(metadata['response_types_supported']).toEqual([]);
});

it('M-04: offers nothing of what is not available in this version', () => {
  const named = Object.keys(metadata).join(' ');
  expect(named).not.toMatch(/registration|authorization_endpoint|jwks/);
  expect(JSON.stringify(metadata)).not.toMatch(/client_secret|refresh_token/);
});

it('D-17: offers DPoP by asymmetric algorithms alone', () => {
  const offered = metadata['dpop_signing_alg_values_supported'];
  expect(offered).toContain('ES256');
  expect(JSON.stringify(offered)).not.toMatch(/none|HS\d/i);
});

it('M-05: names no scope', () => {
  expect(metadata).not.toHaveProperty('scopes_supported');
});
