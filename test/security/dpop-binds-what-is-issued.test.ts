import { randomBytes } from 'node:crypto';
import { DpopNonces } from '#handles';
import { type BindingRequirement } from '#policy';
import { athOf, grantUnderTest, resourceUnderTest } from '#testing';
import { OPERATES } from './chain-of-handles.js';
import { ProvenExchange } from './proven-exchange.js';
import { type StsEndpointOptions } from './sts-endpoint.js';

/** RFC 9449 section 8.1: 1*NQCHAR. */
const NONCE = /^[\x21\x23-\x5B\x5D-\x7E]+$/;
const NONCE_SECONDS = 300;

let endpoint: ProvenExchange;
afterEach(() => endpoint.close());
const start = async (options: StsEndpointOptions = {}): Promise<void> => {
  endpoint = await ProvenExchange.start(options);
};

/** RFC 9449 section 5: a proof that is good makes a handle that is worth nothing without its key. */
describe('a handle that is issued to the holder of a key', () => {
  it('D-09: is of token_type DPoP and bound to the RFC 7638 thumbprint of the key', async () => {
    await start();
    const handle = await endpoint.issued(endpoint.proof());
    const [record] = [...endpoint.sts.records.handles.values()];
    expect(record!.binding).toEqual({ kind: 'dpop', jkt: endpoint.key.jkt });
    expect(await endpoint.introspected(handle)).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: endpoint.key.jkt },
    });
  });

  it('D-09: may come of a proof that names a token, which means nothing here', async () => {
    await start();
    await endpoint.issued(endpoint.proof({ ath: athOf('another token') }));
  });

  it('D-09: comes of a proof only; without one it is of token_type Bearer and unbound', async () => {
    await start();
    const answer = await endpoint.post(undefined);
    expect(JSON.parse(answer.body)).toMatchObject({ token_type: 'Bearer' });
    const [record] = [...endpoint.sts.records.handles.values()];
    expect(record!.binding).toEqual({ kind: 'none' });
  });

  it.each<[BindingRequirement, BindingRequirement]>([
    ['dpop', 'none'],
    ['none', 'dpop'],
    ['dpop', 'any'],
  ])('D-16: with a grant of binding %s and a resource of %s, needs a proof', async (grant, own) => {
    await start({
      grants: [grantUnderTest({ binding: grant }), OPERATES],
      resources: [resourceUnderTest('ledger', { binding: own })],
    });
    const subject_token = await endpoint.sts.mint();
    await endpoint.refused('invalid_dpop_proof', undefined, { subject_token });
    const answer = await endpoint.issued(endpoint.proof(), { subject_token });
    expect(await endpoint.introspected(answer)).toMatchObject({ token_type: 'DPoP' });
  });

  it('D-16: is not had with a proof in the body or the query, where none belongs', async () => {
    await start({ grants: [grantUnderTest({ binding: 'dpop' })] });
    const proof = endpoint.proof();
    await endpoint.refused('invalid_dpop_proof', undefined, { dpop: proof, DPoP: proof });
  });
});

/** RFC 9449 section 8, with nonces demanded. */
describe('a token endpoint that demands nonces', () => {
  const key = randomBytes(32);
  const nonces = new DpopNonces({ key, label: 'token' });
  const ofThis = (label: 'proxy' | 'token'): string =>
    new DpopNonces({ key, label }).issue(endpoint.sts.clock.now());
  beforeEach(() => start({ ports: { nonces } }));

  /** The one nonce of a demand for one. */
  const demanded = async (proof: string, subjectToken?: string): Promise<string> => {
    const parameters = subjectToken === undefined ? {} : { subject_token: subjectToken };
    const answer = await endpoint.refused('use_dpop_nonce', proof, parameters);
    const names = answer.rawHeaders.filter((_, index) => index % 2 === 0);
    expect(names.filter((name) => name.toLowerCase() === 'dpop-nonce')).toHaveLength(1);
    return String(answer.headers['dpop-nonce']);
  };

  it('D-07: gives one, and takes the retry with the same subject token: nothing was spent', async () => {
    const subject_token = await endpoint.sts.mint();
    const jti = 'of both attempts';
    const nonce = await demanded(endpoint.proof({ jti }), subject_token);
    await endpoint.issued(endpoint.proof({ jti, nonce }), { subject_token });
  });

  it('D-07: takes one nonce for many proofs, and each proof once', async () => {
    const nonce = await demanded(endpoint.proof());
    const proof = endpoint.proof({ nonce });
    await endpoint.issued(proof);
    await endpoint.issued(endpoint.proof({ nonce }));
    await endpoint.refused('invalid_dpop_proof', proof);
  });

  it('D-07: refuses a proof without one also after it gave one', async () => {
    const nonce = await demanded(endpoint.proof());
    await endpoint.issued(endpoint.proof({ nonce }));
    await demanded(endpoint.proof());
  });

  it.each<[string, () => string]>([
    ['that is made up', () => 'n'.repeat(54)],
    ['that is empty', () => ''],
    ['of the proxy', () => ofThis('proxy')],
    ['of another deployment', () => ofAnother().issue(endpoint.sts.clock.now())],
    ['with a character more', () => `${ofThis('token')}A`],
    ['whose time was changed', () => withOtherTime(ofThis('token'))],
  ])('D-07: refuses a nonce %s', async (_, made) => {
    await demanded(endpoint.proof({ nonce: made() }));
  });

  it('D-07: takes a nonce that another process of the deployment gave', async () => {
    await endpoint.issued(endpoint.proof({ nonce: ofThis('token') }));
  });

  it('D-07: refuses a nonce that is old', async () => {
    const nonce = await demanded(endpoint.proof());
    endpoint.sts.clock.advance(NONCE_SECONDS);
    await endpoint.issued(endpoint.proof({ nonce }));
    endpoint.sts.clock.advance(1);
    await demanded(endpoint.proof({ nonce }));
  });

  it.each([7, null, ['n']])('D-07: refuses %p for a nonce', async (nonce) => {
    await endpoint.refused('invalid_dpop_proof', endpoint.proof({ nonce }));
  });

  it('D-07: demands none for a proof that is not in order, and gives none', async () => {
    const answer = await endpoint.refused('invalid_dpop_proof', endpoint.proof({ htm: 'PUT' }));
    expect(answer.headers['dpop-nonce']).toBeUndefined();
  });

  it('D-08: gives nonces of characters that need no quoting, no two alike, in answers nobody stores', async () => {
    const given = new Set<string>();
    for (let n = 0; n < 20; n += 1) given.add(await demanded(endpoint.proof()));
    expect(given.size).toBe(20);
    for (const nonce of given) expect(nonce).toMatch(NONCE);
  });
});

const ofAnother = (): DpopNonces => new DpopNonces({ key: randomBytes(32), label: 'token' });

/** The ninth character is of the time, the last ones of the MAC. */
const withOtherTime = (nonce: string): string =>
  nonce.slice(0, 9) + (nonce[9] === 'A' ? 'B' : 'A') + nonce.slice(10);
