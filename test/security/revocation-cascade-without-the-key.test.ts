import { createHash, randomBytes } from 'node:crypto';
import { DpopNonces, type Handle } from '#handles';
import { athOf, DpopKey, formBody, TestCertificate } from '#testing';
import { type Answer, send } from './call-path.js';
import { StsEndpoint, type StsEndpointOptions } from './sts-endpoint.js';

const REVOKE_URL = 'https://postern.test/oauth2/revoke';
const FORM = 'application/x-www-form-urlencoded';
const REVOKED = 'dev.postern.handle.revoked.v1';
const BEHIND_PROXY: StsEndpointOptions = {
  trustedProxies: ['127.0.0.0/8', '::1'],
  clientCertificateHeader: 'client-cert',
};

type Claims = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string | string[]>>;

/** Two handles of one family and one task, and somebody who found the first. */
class Found {
  private constructor(
    readonly endpoint: StsEndpoint,
    readonly token: string,
    private readonly ids: readonly string[],
  ) {}

  static async in(endpoint: StsEndpoint, binding: Handle['binding']): Promise<Found> {
    const { sts } = endpoint;
    const { keyId: subjectTokenKeyId } = sts.issuer;
    const alike = { subjectTokenKeyId, familyId: 'fam_1', task: 'settlement-7', binding };
    const [found, other] = [await sts.issued(alike), await sts.issued(alike)];
    return new Found(endpoint, found.plaintext, [found.handle.id, other.handle.id]);
  }

  revoke(cascade: string | undefined, headers: Headers = {}): Promise<Answer> {
    return send(this.endpoint.port, '/oauth2/revoke', {
      method: 'POST',
      headers: { 'content-type': FORM, ...headers },
      body: formBody({ token: this.token, cascade }),
    });
  }

  /** Expects that this is refused and that nothing comes of it. */
  async refused(cascade: string, headers: Headers, error: string, status = 400): Promise<Answer> {
    const answer = await this.revoke(cascade, headers);
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([status, { error }]);
    expect(this.states()).toEqual(['active', 'active']);
    expect(this.endpoint.sts.journal.of(REVOKED)).toEqual([]);
    return answer;
  }

  /** What became of the handle that was found, and of the other one. */
  states(): string[] {
    return this.ids.map((id) => this.endpoint.sts.records.handles.get(id)!.status);
  }
}

let endpoint: StsEndpoint;
let key: DpopKey;
let found: Found;
afterEach(() => endpoint.close());

const start = async (options: StsEndpointOptions = {}): Promise<void> => {
  endpoint = await StsEndpoint.start(options);
  key = await DpopKey.create({ clock: endpoint.sts.clock });
};
const startWithKey = async (options: StsEndpointOptions = {}): Promise<void> => {
  await start(options);
  found = await Found.in(endpoint, { kind: 'dpop', jkt: key.jkt });
};
const proof = (claims: Claims = {}, by = key): string =>
  by.proof({ htu: REVOKE_URL, ath: athOf(found.token), ...claims });

/** Whoever finds a bound handle may end it, for that helps its owner. To stop its whole workload takes the key. */
describe.each(['family', 'task'])('a handle that is to take its %s along, bound to', (cascade) => {
  it('a key: does so with the proof of that key', async () => {
    await startWithKey();
    const answer = await found.revoke(cascade, { dpop: proof() });
    expect([answer.status, answer.body]).toEqual([200, '']);
    expect(found.states()).toEqual(['revoked', 'revoked']);
  });

  it('a key: takes none and is not revoked without a proof', async () => {
    await startWithKey();
    await found.refused(cascade, {}, 'invalid_dpop_proof');
  });

  it('D-11: a key: takes none with the proof of another key', async () => {
    await startWithKey();
    const thief = await DpopKey.create({ clock: endpoint.sts.clock });
    await found.refused(cascade, { dpop: proof({}, thief) }, 'invalid_dpop_proof');
  });

  it.each<[string, Claims]>([
    ['D-11: that names no handle', { ath: undefined }],
    ['D-11: that names another handle', { ath: athOf('pst_test_other') }],
    ['D-03: for another method', { htm: 'GET' }],
    ['D-04: for another endpoint', { htu: 'https://postern.test/oauth2/introspect' }],
    ['D-04: for another host', { htu: 'https://evil.test/oauth2/revoke' }],
    ['D-05: that is old', { iat: 1_700_000_000 }],
  ])('a key: takes none with a proof %s', async (_, claims) => {
    await startWithKey();
    await found.refused(cascade, { dpop: proof(claims) }, 'invalid_dpop_proof');
  });

  it('D-06: a key: takes none with a proof that was used before', async () => {
    await startWithKey();
    const dpop = proof();
    const used = { proofs: [dpop], method: 'POST', uri: REVOKE_URL, handle: found.token };
    await endpoint.sts.server.possession.check(used);
    await found.refused(cascade, { dpop }, 'invalid_dpop_proof');
  });

  it('a key: wants a nonce in the proof where proofs need one', async () => {
    const nonces = new DpopNonces({ key: randomBytes(32), label: 'token' });
    await startWithKey({ ports: { nonces } });
    const demand = await found.refused(cascade, { dpop: proof() }, 'use_dpop_nonce');
    const nonce = demand.headers['dpop-nonce'];
    expect((await found.revoke(cascade, { dpop: proof({ nonce }) })).status).toBe(200);
    expect(found.states()).toEqual(['revoked', 'revoked']);
  });

  it('a key: takes none along when it is dead, and needs no proof for that', async () => {
    await startWithKey();
    endpoint.sts.clock.advance(3_600);
    expect((await found.revoke(cascade)).status).toBe(200);
    expect(found.states()[1]).toBe('active');
  });

  describe('a certificate:', () => {
    let mine: TestCertificate;
    const asHeader = ({ der }: TestCertificate): Headers => ({
      'client-cert': `:${der.toString('base64')}:`,
    });
    beforeEach(async () => {
      await start(BEHIND_PROXY);
      mine = await TestCertificate.selfSigned();
      const x5tS256 = createHash('sha256').update(mine.der).digest('base64url');
      found = await Found.in(endpoint, { kind: 'mtls', x5tS256 });
    });

    it('does so with that certificate', async () => {
      expect((await found.revoke(cascade, asHeader(mine))).status).toBe(200);
      expect(found.states()).toEqual(['revoked', 'revoked']);
    });

    it('takes none and is not revoked without it, with another one, or with a proof', async () => {
      await found.refused(cascade, {}, 'invalid_request');
      const other = await TestCertificate.selfSigned();
      await found.refused(cascade, asHeader(other), 'invalid_request');
      await found.refused(cascade, { dpop: proof() }, 'invalid_request');
    });

    it('C-05: takes none with one that cannot be read', async () => {
      await found.refused(cascade, { 'client-cert': 'nothing' }, 'invalid_client', 401);
    });
  });

  it('nothing: does so for whoever has it', async () => {
    await start();
    found = await Found.in(endpoint, { kind: 'none' });
    expect((await found.revoke(cascade)).status).toBe(200);
    expect(found.states()).toEqual(['revoked', 'revoked']);
  });
});

it.each([undefined, 'handle'])(
  'a bound handle alone is revoked without its key (cascade: %s)',
  async (cascade) => {
    await startWithKey();
    expect((await found.revoke(cascade)).status).toBe(200);
    expect(found.states()).toEqual(['revoked', 'active']);
  },
);
