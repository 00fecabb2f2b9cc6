import { EventFactory } from '#events';
import { mintHandle } from '#handles';
import { type IssuerDeclaration, IssuerRegistry, SubjectTokenVerifier } from '#identity';
import {
  type CallerContext,
  ClientAssertions,
  type FormRequest,
  type IssuedHandle,
  TokenExchange,
} from '#oauth';
import {
  compileResource,
  type Grant,
  grantSetOf,
  posternResource,
  type Resource,
  ResourceSet,
} from '#policy';
import { FixedClock } from './fixed-clock.js';
import { aHandle, aHandleIssue } from './handle-builders.js';
import { type InMemoryEventJournal } from './in-memory-event-journal.js';
import { InMemoryGrantSource } from './in-memory-grant-source.js';
import {
  InMemoryHandleRecords,
  InMemoryHandleStore,
  InMemorySubjectTokenUses,
} from './in-memory-handle-store.js';
import { InMemoryKeySource } from './in-memory-key-source.js';
import { aGrant, aResourceRegistration } from './policy-builders.js';
import { TestIssuer } from './token-builder.js';

const PUBLIC_ORIGIN = 'https://postern.test';
const ENVIRONMENT = 'test';
const WORKLOAD = 'workload-1';
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';

/** Parameters of a form; a list sends the parameter as often as it has members, undefined leaves it out. */
export type FormParameters = Readonly<Record<string, string | readonly string[] | undefined>>;

export const aCaller = (overrides: Partial<CallerContext> = {}): CallerContext => ({
  correlationId: 'req_test',
  peerAddress: '192.0.2.1',
  userAgent: 'a-workload/1.0',
  ...overrides,
});

export function formBody(parameters: FormParameters): string {
  const form = new URLSearchParams();
  for (const [name, values] of Object.entries(parameters)) {
    for (const value of values === undefined ? [] : [values].flat()) form.append(name, value);
  }
  return form.toString();
}

export const aFormRequest = (
  parameters: FormParameters,
  overrides: Partial<FormRequest> = {},
): FormRequest => ({
  contentType: 'application/x-www-form-urlencoded',
  body: formBody(parameters),
  query: undefined,
  authorization: undefined,
  ...overrides,
});

export interface ExchangeUnderTestOptions {
  /** How the issuer `https://idp.test` is registered. */
  readonly issuer?: Partial<IssuerDeclaration>;
  /** Default: `workload-1` may read `ledger`; `operator` has every scope of `postern`. */
  readonly grants?: readonly Grant[];
  /** Beside `postern`. Default: `ledger` and `archive`. */
  readonly resources?: readonly Resource[];
  /** Handles, uses and events of another deployment, to share with it. */
  readonly records?: InMemoryHandleRecords;
  readonly environment?: string;
}

/**
 * All that an STS is made of, over adapters in memory: one issuer, the resources `ledger` and `archive` and `postern`,
 * and a clock that stands still. It satisfies the parts of the pipelines and of the STS module.
 */
export class ExchangeUnderTest {
  readonly publicOrigin = PUBLIC_ORIGIN;
  readonly environment: string;
  readonly issuers: IssuerRegistry;
  readonly keys: InMemoryKeySource;
  readonly resources: ResourceSet;
  readonly grants: InMemoryGrantSource;
  readonly records: InMemoryHandleRecords;
  readonly journal: InMemoryEventJournal;
  readonly handles: InMemoryHandleStore;
  readonly uses: InMemorySubjectTokenUses;
  readonly events: EventFactory;
  readonly verifier: SubjectTokenVerifier;
  readonly assertions: ClientAssertions;
  readonly tokenExchange: TokenExchange;

  private constructor(
    readonly issuer: TestIssuer,
    readonly clock: FixedClock,
    options: ExchangeUnderTestOptions,
  ) {
    this.environment = options.environment ?? ENVIRONMENT;
    this.issuers = IssuerRegistry.of([issuer.declaration(options.issuer)]);
    this.keys = InMemoryKeySource.of([issuer], clock);
    this.resources = ResourceSet.of([
      posternResource(this.environment, PUBLIC_ORIGIN),
      ...(options.resources ?? [resourceUnderTest('ledger'), resourceUnderTest('archive')]),
    ]);
    this.grants = new InMemoryGrantSource(
      grantSetOf(options.grants ?? [grantUnderTest(), operatorGrant()], clock.now()),
    );
    this.records = options.records ?? new InMemoryHandleRecords();
    this.journal = this.records.journal;
    this.handles = new InMemoryHandleStore(this.records);
    this.uses = new InMemorySubjectTokenUses(this.records);
    const { environment } = this;
    this.events = new EventFactory({ clock, environment, deployment: 'test', component: 'sts' });
    const { issuers, keys } = this;
    this.verifier = new SubjectTokenVerifier({ issuers, keys, clock, audience: PUBLIC_ORIGIN });
    this.assertions = new ClientAssertions(this);
    this.tokenExchange = new TokenExchange(this);
  }

  /** The ports and settings alone, to put one in the place of another. */
  get parts() {
    const { publicOrigin, environment, clock, issuers, keys, resources, grants } = this;
    const { handles, uses, journal, events, verifier, assertions } = this;
    const settings = { publicOrigin, environment, clock, issuers, keys, resources, grants };
    return { ...settings, handles, uses, journal, events, verifier, assertions };
  }

  static async create(options: ExchangeUnderTestOptions = {}): Promise<ExchangeUnderTest> {
    const clock = new FixedClock();
    const issuer = await TestIssuer.create({ issuer: 'https://idp.test', clock });
    return new ExchangeUnderTest(issuer, clock, options);
  }

  /** Another deployment with the same issuer, clock and time. */
  twin(options: ExchangeUnderTestOptions): ExchangeUnderTest {
    return new ExchangeUnderTest(this.issuer, this.clock, options);
  }

  /** R0 of the test plan: a good request, with a token of its own; parameters replace or add. */
  async baseline(parameters: FormParameters = {}): Promise<FormParameters> {
    return {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: await this.mint(),
      subject_token_type: JWT_TYPE,
      audience: 'ledger',
      scope: 'ledger.read',
      ...parameters,
    };
  }

  /** A subject token of `workload-1`; `claims` replace or add. */
  mint(claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return this.issuer.mint(claims);
  }

  /** Exchanges R0 with these parameters replaced. */
  async exchange(
    parameters: FormParameters = {},
    overrides: Partial<FormRequest> = {},
  ): Promise<IssuedHandle> {
    const request = aFormRequest(await this.baseline(parameters), overrides);
    return this.tokenExchange.exchange(request, aCaller());
  }

  /** A live handle that the store knows, and its plaintext. */
  async issued(overrides: Parameters<typeof aHandle>[0] = {}) {
    const { plaintext, digest, id } = mintHandle(this.environment);
    const handle = aHandle({
      id,
      digest,
      environment: this.environment,
      subject: { issuer: this.issuer.issuer, subject: WORKLOAD, id: 'sub_1' },
      grant: { id: 'workload-reads-ledger', version: 1, setDigest: 'a'.repeat(64) },
      scopes: ['ledger.read'],
      ...overrides,
    });
    await this.handles.issue(aHandleIssue(handle));
    return { plaintext, handle };
  }

  /** A live handle of `operator` for `postern`. */
  operatorHandle(scopes: readonly string[] = ['introspect']) {
    return this.issued({
      resource: 'postern',
      scopes,
      grant: { id: 'operator-operates', version: 1, setDigest: 'a'.repeat(64) },
      subject: { issuer: this.issuer.issuer, subject: 'operator', id: 'sub_operator' },
    });
  }

  get denials() {
    return this.journal.of('dev.postern.exchange.denied.v1');
  }

  get permits() {
    return this.journal.of('dev.postern.exchange.permitted.v1');
  }
}

/** `workload-1` of `https://idp.test` may read `ledger`. */
export const grantUnderTest = (overrides: Partial<Grant> = {}): Grant =>
  aGrant({
    id: 'workload-reads-ledger',
    subject: {
      issuer: 'https://idp.test',
      id: { kind: 'exact', subject: WORKLOAD },
      claims: new Map(),
    },
    ...overrides,
  });

const operatorGrant = (): Grant =>
  grantUnderTest({
    id: 'operator-operates',
    subject: {
      issuer: 'https://idp.test',
      id: { kind: 'exact', subject: 'operator' },
      claims: new Map(),
    },
    resource: 'postern',
    scopes: ['introspect', 'admin.read', 'admin.revoke'],
    defaultScopes: undefined,
  });

/** A resource with the scopes `ledger.read` and `ledger.post`. */
export const resourceUnderTest = (
  id: string,
  handle: Partial<Resource['handle']> = {},
): Resource => {
  const registration = aResourceRegistration({ id, environment: ENVIRONMENT });
  return compileResource(
    { ...registration, handle: { ...registration.handle, ...handle } },
    { environment: ENVIRONMENT, publicOrigin: PUBLIC_ORIGIN },
  );
};
