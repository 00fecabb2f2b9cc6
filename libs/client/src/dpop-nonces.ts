/** Whose nonces they are: those of one endpoint are not valid at the other (RFC 9449 section 9). */
export type DpopEndpoint = 'token' | 'proxy' | 'admin';

/** RFC 9449 section 8.1: `1*NQCHAR`. Two headers that were joined by a comma and a space do not fit. */
const NONCE = /^[\x21\x23-\x5b\x5d-\x7e]{1,1024}$/;
const ORIGINS_MAX = 16;

/** The newest nonce of each endpoint of each origin; of 16 origins at most, the least recently renewed goes first. */
export class DpopNonces {
  readonly #byEndpoint: Readonly<Record<DpopEndpoint, Map<string, string>>> = {
    token: new Map(),
    proxy: new Map(),
    admin: new Map(),
  };

  find(endpoint: DpopEndpoint, origin: string): string | undefined {
    return this.#byEndpoint[endpoint].get(origin);
  }

  /** Keeps what may be a nonce and ignores what may not. True when it was kept. */
  keep(endpoint: DpopEndpoint, origin: string, nonce: string): boolean {
    if (!NONCE.test(nonce)) return false;
    const nonces = this.#byEndpoint[endpoint];
    nonces.delete(origin);
    nonces.set(origin, nonce);
    const [oldest] = nonces.keys();
    if (nonces.size > ORIGINS_MAX && oldest !== undefined) nonces.delete(oldest);
    return true;
  }
}
