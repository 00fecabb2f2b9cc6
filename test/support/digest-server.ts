import { createHash, randomBytes } from 'node:crypto';

export interface DigestServerOptions {
  readonly username: string;
  readonly password: string;
  readonly realm: string;
  /** As it stands in the challenge. */
  readonly algorithm: 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess' | 'SHA-512-256';
  /** As it stands in the challenge. */
  readonly qop: string;
  /** Whatever else stands in the challenge, such as `userhash=true`. */
  readonly more?: string;
  /** Uses of a nonce until it is stale; default without end. */
  readonly usesMax?: number;
  /** Tells with each answer which nonce it wants next. */
  readonly nextNonce?: boolean;
}

export interface DigestedCall {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

export interface DigestVerdict {
  readonly status: 200 | 401;
  readonly headers: Readonly<Record<string, string>>;
}

const OPAQUE = 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS';

/** The other side of RFC 7616, written from its text alone: what clients send is judged here. */
export class DigestServer {
  readonly #uses = new Map<string, Set<string>>();
  readonly #cnonces = new Set<string>();
  /** What no client of the RFC does. */
  readonly violations: string[] = [];
  challenges = 0;

  constructor(private readonly options: DigestServerOptions) {}

  judge(call: DigestedCall): DigestVerdict {
    if (call.authorization === undefined) return this.#challenge(false);
    const sent = parametersOf(call.authorization);
    const uses = this.#uses.get(sent.nonce);
    if (uses === undefined) return this.#challenge(true);
    if (!this.#isWellFormed(call, sent)) return this.#challenge(false);
    if (sent.response !== this.#expected(call, sent)) return this.#challenge(false);
    if (uses.has(sent.nc)) this.violations.push(`count ${sent.nc} twice`);
    uses.add(sent.nc);
    this.#checkCnonce(sent.cnonce);
    if (uses.size > (this.options.usesMax ?? Infinity)) return this.#challenge(true);
    return { status: 200, headers: this.#information() };
  }

  /** As after a restart: no nonce is known. */
  forget(): void {
    this.#uses.clear();
  }

  #challenge(stale: boolean): DigestVerdict {
    const { realm, algorithm, qop, more } = this.options;
    this.challenges += 1;
    const challenge = [
      `Digest realm=${quoted(realm)}`,
      `qop="${qop}"`,
      `algorithm=${algorithm}`,
      `nonce="${this.#nonce()}"`,
      `opaque="${OPAQUE}"`,
      ...(stale ? ['stale=true'] : []),
      ...(more === undefined ? [] : [more]),
    ].join(', ');
    return { status: 401, headers: { 'www-authenticate': challenge } };
  }

  #nonce(): string {
    const nonce = randomBytes(16).toString('base64');
    this.#uses.set(nonce, new Set());
    return nonce;
  }

  #information(): Readonly<Record<string, string>> {
    if (this.options.nextNonce !== true) return {};
    return { 'authentication-info': `qop=auth, nextnonce="${this.#nonce()}"` };
  }

  #checkCnonce(cnonce: string): void {
    const isSession = this.options.algorithm.endsWith('-sess');
    if (!isSession && this.#cnonces.has(cnonce)) this.violations.push('a client nonce twice');
    this.#cnonces.add(cnonce);
  }

  #isWellFormed({ url }: DigestedCall, sent: SentParameters): boolean {
    const { username, realm, qop } = this.options;
    const names = [username, this.#hash(`${username}:${realm}`), extended(username)];
    return (
      names.includes(sent.username) &&
      [sent.realm, sent.uri, sent.opaque].join() === [realm, url, OPAQUE].join() &&
      qop.split(/, */).includes(sent.qop) &&
      /^[0-9a-f]{8}$/.test(sent.nc)
    );
  }

  #expected({ method, url, body }: DigestedCall, sent: SentParameters): string {
    const { username, password, realm, algorithm } = this.options;
    const h = (text: string): string => this.#hash(text);
    const { nonce, cnonce, nc, qop } = sent;
    const key = h(`${username}:${realm}:${password}`);
    const a1 = algorithm.endsWith('-sess') ? h(`${key}:${nonce}:${cnonce}`) : key;
    const a2 = `${method}:${url}${qop === 'auth-int' ? `:${h(body)}` : ''}`;
    return h(`${a1}:${nonce}:${nc}:${cnonce}:${qop}:${h(a2)}`);
  }

  #hash(text: string): string {
    const { algorithm } = this.options;
    const names = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' } as const;
    const name = algorithm.replace('-sess', '') as keyof typeof names;
    return createHash(names[name]).update(text, 'utf8').digest('hex');
  }
}

const SENT = [
  'username',
  'realm',
  'nonce',
  'uri',
  'response',
  'cnonce',
  'opaque',
  'qop',
  'nc',
] as const;
type SentParameters = Readonly<Record<(typeof SENT)[number], string>>;

/** Headers are read as Latin-1; what clients mean is UTF-8. What is not there is empty. */
function parametersOf(authorization: string): SentParameters {
  const text = Buffer.from(authorization, 'latin1').toString('utf8');
  const pairs = text.matchAll(/([a-z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi);
  const found = new Map(
    [...pairs].map(([, name = '', quoted, bare]) => [
      name.toLowerCase().replace('*', ''),
      quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '',
    ]),
  );
  return Object.fromEntries(SENT.map((name) => [name, found.get(name) ?? ''])) as SentParameters;
}

const extended = (name: string): string => `UTF-8''${encodeURIComponent(name)}`;
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
