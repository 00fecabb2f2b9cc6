import { type DpopKey, type FormParameters, grantUnderTest } from '#testing';
import { CHAIN_GRANTS, narrowed, OPERATES } from './chain-of-handles.js';
import { ProvenExchange, TOKEN_URL } from './proven-exchange.js';

/**
 * A token that is bound to a key is worth nothing to whoever finds it. An STS that exchanges it without a proof of that
 * key gives the finder one that works: Keycloak asks for the proof, others do not.
 */
describe('what is bound to a key', () => {
  let endpoint: ProvenExchange;
  let thief: DpopKey;
  beforeAll(async () => {
    endpoint = await ProvenExchange.start({ grants: CHAIN_GRANTS });
    thief = await endpoint.otherKey();
  });
  afterAll(() => endpoint.close());

  const bound = async (
    cnf: Readonly<Record<string, unknown>> = { jkt: endpoint.key.jkt },
  ): Promise<FormParameters> => ({ subject_token: await endpoint.sts.mint({ cnf }) });

  it('C-08: a subject token is exchanged with the proof of its key, for a handle of that key', async () => {
    const handle = await endpoint.issued(endpoint.proof(), await bound());
    expect(await endpoint.introspected(handle)).toMatchObject({
      token_type: 'DPoP',
      cnf: { jkt: endpoint.key.jkt },
    });
  });

  it('C-08: a subject token is refused without a proof, and is not spent by that', async () => {
    const parameters = await bound();
    const { detail } = await endpoint.refused('invalid_request', undefined, parameters);
    expect(detail).toContain('no proof of that key');
    await endpoint.issued(endpoint.proof(), parameters);
  });

  it('C-08: a subject token is refused with the proof of another key, in order as it is', async () => {
    const parameters = await bound();
    const proof = thief.proof({ htu: TOKEN_URL });
    expect((await endpoint.refused('invalid_request', proof, parameters)).detail).toContain(
      'no proof of that key',
    );
    await endpoint.issued(endpoint.proof(), parameters);
  });

  it("C-08: the thief's proof with the public key of the other in it is no proof", async () => {
    const proof = thief.sign(endpoint.key.header(), endpoint.key.claims({ htu: TOKEN_URL }));
    const { detail } = await endpoint.refused('invalid_dpop_proof', proof, await bound());
    expect(detail).toContain('signature');
  });

  it('C-08: a proof that the holder sent elsewhere, or before, opens nothing', async () => {
    const elsewhere = endpoint.key.proof({ htu: 'https://api.test/accounts', htm: 'GET' });
    await endpoint.refused('invalid_dpop_proof', elsewhere, await bound());
    const before = endpoint.proof();
    await endpoint.issued(before);
    await endpoint.refused('invalid_dpop_proof', before, await bound());
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['a certificate', { 'x5t#S256': 'A'.repeat(43) }],
    ['no key', {}],
    ['a key of another kind', { jwk: { kty: 'EC' } }],
    ['a thumbprint that is none', { jkt: 'short' }],
  ])('C-08: a subject token that is bound to %s is refused with a DPoP proof', async (_, cnf) => {
    await endpoint.refused('invalid_request', endpoint.proof(), await bound(cnf));
  });

  it('C-08: a subject token that is bound to a key and to a certificate is refused', async () => {
    const both = { jkt: endpoint.key.jkt, 'x5t#S256': 'A'.repeat(43) };
    await endpoint.refused('invalid_request', endpoint.proof(), await bound(both));
  });

  it('C-08: a handle is exchanged with the proof of its key only, for one of the same key', async () => {
    const parent = await endpoint.issued(endpoint.proof(), { scope: 'ledger.read ledger.post' });
    const request = narrowed(parent);
    await endpoint.refused('invalid_request', undefined, request);
    await endpoint.refused('invalid_request', thief.proof({ htu: TOKEN_URL }), request);
    const child = await endpoint.issued(endpoint.proof(), request);
    expect(await endpoint.introspected(child)).toMatchObject({ cnf: { jkt: endpoint.key.jkt } });
  });

  it('C-08: a handle that is not bound may be exchanged for one that is, and not back', async () => {
    const answer = await endpoint.post(undefined, { scope: 'ledger.read ledger.post' });
    const { access_token: parent = '' } = JSON.parse(answer.body) as Record<string, string>;
    const child = await endpoint.issued(endpoint.proof(), narrowed(parent));
    await endpoint.refused('invalid_request', undefined, narrowed(child));
  });

  it('C-08: an actor token is taken with the proof of its key only, and binds the handle to it', async () => {
    const issuer = 'https://idp.test';
    const actor = { issuer, id: { kind: 'exact', subject: 'agent-1' }, claims: new Map() } as const;
    const acts = grantUnderTest({ id: 'agent-acts', pattern: 'delegation', actor });
    const delegating = await ProvenExchange.start({ grants: [acts, OPERATES] });
    const { key, sts } = delegating;
    const parameters = {
      subject_token: await sts.mint(),
      actor_token: await sts.mint({ sub: 'agent-1', cnf: { jkt: key.jkt } }),
      actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    };
    await delegating.refused('invalid_request', undefined, parameters);
    await delegating.refused('invalid_request', thief.proof({ htu: TOKEN_URL }), parameters);
    const handle = await delegating.issued(delegating.proof(), parameters);
    expect(await delegating.introspected(handle)).toMatchObject({ cnf: { jkt: key.jkt } });
    await delegating.close();
  });

  it('C-08: a client assertion that is bound to a key proves nobody', async () => {
    const { sts, key } = endpoint;
    const parameters = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await sts.mint({ cnf: { jkt: key.jkt } }),
    };
    const answer = await endpoint.post(endpoint.proof(), parameters);
    expect([answer.status, answer.body]).toEqual([401, expect.stringContaining('invalid_client')]);
  });
});
