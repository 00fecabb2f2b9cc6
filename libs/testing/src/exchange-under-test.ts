import { EventFactory, type EvidenceBudget } from '#events';
import { type DpopNonces, type Handle, HandleLife, mintHandle } from '#handles';
import {
  type IntrospectionDeclaration,
  type IssuerDeclaration,
  IssuerRegistry,
  type TokenIntrospector,
} from '#identity';
import {
  type AuthorizationServer,
  authorizationServer,
  type AuthorizationServerPorts,
  type CallerContext,
  type FormRequest,
  type Form,
  type IssuedHandle,
  type Operator,
  type TokenExchange,
} from '#oauth';
import {
  compileResource,
  type Grant,
  grantSetOf,
  type PosternScope,
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
import { InMemoryProofUses } from './in-memory-proof-uses.js';
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
  dpopProofs: [],
  certificateChain: [],
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
  /** Registered beside `https://idp.test`. */
  readonly otherIssuers?: readonly TestIssuer[];
  readonly opaqueIssuers?: readonly IntrospectionDeclaration[];
  /** More ports, or others in the place of those in memory. */
  readonly ports?: Partial<AuthorizationServerPorts>;
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
  readonly life = new HandleLife();
  readonly proofUses = new InMemoryProofUses();
  readonly nonces: DpopNonces | undefined = undefined;
  readonly introspector: TokenIntrospector | undefined;
  /** There is always room, unless a test says otherwise. */
  readonly evidence: Pick<EvidenceBudget, 'requireRoomForExchange'> = {
    requireRoomForExchange: () => undefined,
  };
  readonly server: AuthorizationServer;

  private constructor(
    readonly issuer: TestIssuer,
    readonly clock: FixedClock,
    options: ExchangeUnderTestOptions,
  ) {
    this.environment = options.environment ?? ENVIRONMENT;
    const { otherIssuers = [], opaqueIssuers = [] } = options;
    this.issuers = IssuerRegistry.of([
      issuer.declaration(options.issuer),
      ...otherIssuers.map((other, n) => other.declaration({ id: `other-${n + 1}` })),
      ...opaqueIssuers,
    ]);
    this.keys = InMemoryKeySource.of([issuer, ...otherIssuers], clock);
    this.introspector = options.ports?.introspector;
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
    this.server = authorizationServer({ ...this.parts, ...options.ports });
  }

  get tokenExchange(): TokenExchange {
    return this.server.tokenExchange;
  }

  /** The ports and settings alone, to put one in the place of another. */
  get parts() {
    const { publicOrigin, environment, clock, issuers, keys, resources, grants } = this;
    const { handles, life, uses, journal, events, proofUses, nonces, introspector, evidence } =
      this;
    const settings = { publicOrigin, environment, clock, issuers, keys, resources, grants };
    const stores = { handles, life, uses, journal, events, proofUses };
    return { ...settings, ...stores, nonces, introspector, evidence };
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
    context: Partial<CallerContext> = {},
  ): Promise<IssuedHandle> {
    const request = aFormRequest(await this.baseline(parameters), overrides);
    return this.tokenExchange.exchange(request, aCaller(context));
  }

  /** A live handle that the store knows, and its plaintext. */
  async issued(overrides: Parameters<typeof aHandle>[0] = {}) {
    const { plaintext, digest, id } = mintHandle(this.environment);
    const handle = aHandle({
      id,
      digest,
      environment: this.environment,
      subject: { issuer: this.issuer.issuer, subject: WORKLOAD, id: 'sub_1' },
      subjectTokenKeyId: this.issuer.keyId,
      grant: this.grantOf('workload-reads-ledger'),
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
      grant: this.grantOf('operator-operates'),
      subject: { issuer: this.issuer.issuer, subject: 'operator', id: 'sub_operator' },
    });
  }

  /** What a handle records of a grant in force; of another id, of one that is gone. */
  grantOf(id: string): Handle['grant'] {
    const { grants, digest: setDigest } = this.grants.current();
    const grant = grants.find((one) => one.id === id);
    return { id, version: grant?.version ?? 1, digest: grant?.digest ?? 'd'.repeat(64), setDigest };
  }

  /** Authenticates who operates, as at the introspection endpoint. */
  authenticate(
    authorization: string | undefined,
    form: Form | undefined,
    scope: PosternScope,
    operators = this.server.operators,
  ): Promise<Operator> {
    const uri = `${PUBLIC_ORIGIN}/oauth2/introspect`;
    const request = { authorization, form, context: aCaller(), method: 'POST', uri };
    return operators.authenticate(request, scope);
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
    environment: ENVIRONMENT,
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
