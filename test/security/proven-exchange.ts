import { DpopKey, type ExchangeUnderTest, formBody, type FormParameters } from '#testing';
import { type Answer, send } from './call-path.js';
import { StsEndpoint, type StsEndpointOptions } from './sts-endpoint.js';

const FORM = 'application/x-www-form-urlencoded';
/** Of a proof, so many in a row nobody else writes. */
const PART_CHARACTERS = 16;

/** What a proof for the token endpoint names: the configured origin, whatever address the listener has. */
export const TOKEN_URL = 'https://postern.test/oauth2/token';

/** All that a caller learns of a refusal. */
export const REFUSALS = {
  invalid_dpop_proof: 'The DPoP proof is missing or not acceptable.',
  use_dpop_nonce: 'The DPoP proof must carry the nonce of this answer.',
  invalid_request: 'The request is malformed, or the subject token is not acceptable.',
} as const;

/** The values of a DPoP header: one, several lines of it, or no header at all. */
export type Proofs = string | readonly string[] | undefined;
export type Claims = Readonly<Record<string, unknown>>;
type Headers = Readonly<Record<string, string | string[]>>;

/** A token endpoint, and a workload with a key of its own. */
export class ProvenExchange {
  private constructor(
    private readonly endpoint: StsEndpoint,
    readonly key: DpopKey,
  ) {}

  static async start(options: StsEndpointOptions = {}): Promise<ProvenExchange> {
    const endpoint = await StsEndpoint.start(options);
    return new ProvenExchange(endpoint, await DpopKey.create({ clock: endpoint.sts.clock }));
  }

  get sts(): ExchangeUnderTest {
    return this.endpoint.sts;
  }

  get port(): number {
    return this.endpoint.port;
  }

  /** A proof that is in order, with claims and header members replaced. */
  proof(claims: Claims = {}, header: Claims = {}): string {
    return this.key.proof({ htu: TOKEN_URL, ...claims }, header);
  }

  otherKey(): Promise<DpopKey> {
    return DpopKey.create({ clock: this.sts.clock });
  }

  /** Posts R0, with a fresh subject token unless the parameters bring one. */
  async post(
    proofs: Proofs,
    parameters: FormParameters = {},
    headers: Headers = {},
  ): Promise<Answer> {
    const dpop: Headers = proofs === undefined ? {} : { DPoP: [proofs].flat() };
    return send(this.port, '/oauth2/token', {
      method: 'POST',
      headers: { 'content-type': FORM, ...dpop, ...headers },
      body: formBody(await this.sts.baseline(parameters)),
    });
  }

  /** Posts R0 and expects a handle that is bound to the key; resolves to the handle. */
  async issued(
    proofs: Proofs,
    parameters: FormParameters = {},
    headers: Headers = {},
  ): Promise<string> {
    const answer = await this.post(proofs, parameters, headers);
    const body = JSON.parse(answer.body) as Readonly<Record<string, string>>;
    expect([answer.status, body['token_type']]).toEqual([200, 'DPoP']);
    expect(answer.headers['cache-control']).toBe('no-store');
    return body['access_token']!;
  }

  /**
   * Posts R0 and expects a 400 that tells nothing but its code. Nothing may come of it: no handle, no use of the subject
   * token, one denial, and no word of the proof in any event. Resolves to the answer and to what operators are told.
   */
  async refused(
    code: keyof typeof REFUSALS,
    proofs: Proofs,
    parameters: FormParameters = {},
    headers: Headers = {},
  ): Promise<Answer & { readonly detail: string }> {
    const { handles, uses } = this.sts.records;
    const before = [handles.size, uses.size, this.sts.permits.length];
    const denials = this.sts.denials.length;
    const answer = await this.post(proofs, parameters, headers);
    expect([answer.status, answer.body]).toEqual([
      400,
      JSON.stringify({ error: code, error_description: REFUSALS[code] }),
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect([handles.size, uses.size, this.sts.permits.length]).toEqual(before);
    const events = JSON.stringify(this.sts.journal.events);
    for (const proof of [proofs ?? []].flat().filter((one) => one.length > PART_CHARACTERS)) {
      expect(events).not.toContain(proof.slice(0, PART_CHARACTERS));
      expect(events).not.toContain(proof.slice(-PART_CHARACTERS));
    }
    expect(this.sts.denials).toHaveLength(denials + 1);
    return { ...answer, detail: this.sts.denials.at(-1)?.detail ?? '' };
  }

  /** What introspection tells of a handle. */
  async introspected(handle: string): Promise<Readonly<Record<string, unknown>>> {
    const { plaintext } = await this.sts.issued({
      subjectTokenKeyId: this.sts.issuer.keyId,
      resource: 'postern',
      scopes: ['introspect'],
      grant: this.sts.grantOf('operator-operates'),
    });
    const headers = { authorization: `Bearer ${plaintext}` };
    const response = await this.endpoint.post('/oauth2/introspect', { token: handle }, headers);
    return (await response.json()) as Readonly<Record<string, unknown>>;
  }

  request(path: string): Promise<Response> {
    return this.endpoint.request(path);
  }

  close(): Promise<void> {
    return this.endpoint.close();
  }
}
