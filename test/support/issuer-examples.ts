import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { grantContext } from '#adapters/files';
import {
  IntrospectedTokenVerifier,
  type IntrospectionRegistration,
  IssuerRegistry,
  SubjectTokenVerifier,
  TokenRejected,
  type VerifiedToken,
} from '#identity';
import { epochSeconds } from '#kernel';
import { loadConfig } from '#platform';
import {
  compileGrantSet,
  decide,
  type GrantContext,
  type GrantFileText,
  type GrantSet,
} from '#policy';
import {
  anAccessRequest,
  FixedClock,
  InMemoryKeySource,
  InMemoryTokenIntrospector,
  TestIssuer,
} from '#testing';

export type ExampleClaims = Readonly<Record<string, unknown>>;

interface TokenMembers {
  readonly header?: ExampleClaims;
  /** Of the key that the issuer publishes. */
  readonly jwk?: ExampleClaims;
}

/** What docs/issuers.md shows: each block of YAML, under the name in its first line. */
function shown(): {
  readonly issuers: readonly unknown[];
  readonly grantFiles: readonly GrantFileText[];
} {
  const page = readFileSync(resolve('docs/issuers.md'), 'utf8');
  const blocks = [...page.matchAll(/```yaml\n# (?<file>\S+)\n(?<text>[^]*?)```/g)].map(
    ({ groups }) => ({ file: groups?.['file'] ?? '', text: groups?.['text'] ?? '' }),
  );
  return {
    issuers: blocks
      .filter(({ file }) => file === 'postern.yaml')
      .flatMap(({ text }) => (parse(text) as { issuers: unknown[] }).issuers),
    grantFiles: blocks.filter(({ file }) => file.startsWith('grants/')),
  };
}

/** A deployment that is configured as docs/issuers.md shows, and what becomes of tokens there. */
export class IssuerExamples {
  readonly grantFiles = shown().grantFiles;
  readonly context: GrantContext;
  readonly grants: GrantSet;
  readonly issuers: IssuerRegistry;
  readonly #audience: string;
  readonly #clock = new FixedClock();
  readonly #keys = new InMemoryKeySource(this.#clock);
  readonly #introspector = new InMemoryTokenIntrospector();
  readonly #signers = new Map<string, Promise<TestIssuer>>();

  constructor() {
    const declared = loadExamples();
    this.#audience = declared.publicOrigin;
    this.context = grantContext(declared, this.#clock.now());
    this.grants = compileGrantSet(this.grantFiles, this.context);
    this.issuers = IssuerRegistry.of(declared.issuers);
  }

  get nowSeconds(): number {
    return epochSeconds(this.#clock.now());
  }

  /**
   * What becomes of a token that this issuer signed: `permit`, `deny`, or why it is not accepted at all. The times are
   * good ones unless claims say otherwise; undefined takes a claim out.
   */
  async outcome(
    issuerId: string,
    claims: ExampleClaims,
    { header, jwk }: TokenMembers = {},
  ): Promise<string> {
    const signer = await this.#signer(issuerId);
    this.#keys.publish(signer.issuer, [signer.publicJwk(jwk)]);
    const times = { iat: this.nowSeconds, nbf: this.nowSeconds, exp: this.nowSeconds + 300 };
    const compactJws = signer.sign(signer.header(header), { ...times, ...claims });
    return this.#judged(
      new SubjectTokenVerifier({ ...this.#parts(), keys: this.#keys }).verify(compactJws),
    );
  }

  /** What becomes of an opaque token about which `partner` answers so, when it is presented as one of that issuer. */
  opaqueOutcome(answer: ExampleClaims, issuerId = 'partner'): Promise<string> {
    const token = 'an-opaque-token-of-our-partner';
    const times = { exp: this.nowSeconds + 300 };
    this.#introspector.answer(this.#partner(), token, { ...times, ...answer });
    const parts = { ...this.#parts(), introspector: this.#introspector };
    return this.#judged(new IntrospectedTokenVerifier(parts).verify(token, issuerId));
  }

  #parts() {
    return { issuers: this.issuers, clock: this.#clock, audience: this.#audience };
  }

  #judged(verified: Promise<VerifiedToken>): Promise<string> {
    return verified.then(
      (token) => this.#decided(token),
      (error: unknown) => {
        if (error instanceof TokenRejected) return error.reason;
        throw error;
      },
    );
  }

  #decided({ identity }: VerifiedToken): string {
    const resource = this.context.resources.find('ledger');
    if (resource === undefined) throw new Error('the resource of the examples is not there');
    const request = anAccessRequest({ identity, resource, now: this.#clock.now() });
    return decide(this.grants, request).effect;
  }

  #signer(issuerId: string): Promise<TestIssuer> {
    const known = this.#signers.get(issuerId);
    if (known !== undefined) return known;
    const { issuer = '' } = this.issuers.named(issuerId) ?? {};
    const made = TestIssuer.create({ issuer, algorithm: 'RS256', clock: this.#clock });
    this.#signers.set(issuerId, made);
    return made;
  }

  #partner(): IntrospectionRegistration {
    const found = this.issuers.named('partner');
    if (found?.kind !== 'introspection') throw new Error('partner is no issuer of opaque tokens');
    return found;
  }
}

/** The least configuration, with the issuers of the page. */
function loadExamples(): ReturnType<typeof loadConfig> {
  const golden = readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'postern-examples-'));
  const file = join(folder, 'postern.yaml');
  try {
    writeFileSync(file, stringify({ ...(parse(golden) as object), issuers: shown().issuers }));
    return loadConfig(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
