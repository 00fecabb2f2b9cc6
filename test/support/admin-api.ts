import { NetworkZones } from '#detection';
import { EventFactory } from '#events';
import { type Handle, HandleLife, mintHandle } from '#handles';
import { compileIssuer, IssuerRegistry } from '#identity';
import { secondsAfter } from '#kernel';
import { createLogger, type HttpHost, type ListenAddress, Metrics, startHttpHost } from '#platform';
import {
  aGrant,
  aGrantSet,
  aHandle,
  aHandleIssue,
  aResourceSet,
  detectionSettings,
  FixedClock,
  InMemoryDetectionStore,
  InMemoryDryRunRequests,
  InMemoryResponseOrders,
  InMemoryResponseRecords,
  InMemoryEventJournal,
  InMemoryEvidence,
  InMemoryGrantSource,
  InMemoryHandleRecords,
  InMemoryHandleStore,
  inMemoryOrderStores,
  InMemoryKeySource,
  InMemoryProofUses,
  InMemoryCanaryStore,
  InMemoryCredentialBook,
  InMemoryIntakeKeys,
  InMemoryRotationStore,
  InMemoryRotationWorld,
  InMemoryRestrictionStore,
  InMemoryReviewNotices,
  InMemoryUsualExchanges,
  rotationTerms,
  TEST_ENVIRONMENT,
  TEST_NOW,
  TEST_ORIGIN,
  TestIssuer,
} from '#testing';
import { ControlModule, type ControlParts } from '../../apps/control/src/control.module.js';

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** What the handles of `operator` are issued by. */
export const operatorGrant = aGrant({
  id: 'grant-1',
  resource: 'postern',
  scopes: [
    ...['admin.read', 'admin.revoke', 'admin.rotate', 'admin.approve', 'introspect'],
    'events.command',
  ],
  subject: {
    issuer: 'https://idp.test',
    id: { kind: 'exact', subject: 'workload-1' },
    claims: new Map(),
  },
  reviewBy: new Date('2028-01-01T00:00:00Z'),
});

const SET_TYPE = 'application/secevent+jwt';

/** Whose word on who asks is believed; by default proofs need no nonce. */
export type AdminApiOptions = Partial<
  Pick<
    ControlParts,
    'leakReporters' | 'nonces' | 'rotation' | 'trustedProxies' | 'clientCertificateHeader'
  > &
    Pick<ListenAddress, 'tls'>
>;

/** The admin API on a port of its own, over memory. */
export class AdminApi {
  readonly clock = new FixedClock(TEST_NOW);
  readonly records = new InMemoryHandleRecords();
  readonly handles = new InMemoryHandleStore(this.records);
  readonly life = new HandleLife();
  /** Of what control tells unasked. */
  readonly journal = new InMemoryEventJournal();
  readonly evidence = new InMemoryEvidence(this.records.journal);
  readonly grants = new InMemoryGrantSource(
    aGrantSet([
      operatorGrant,
      aGrant(),
      aGrant({ id: 'old', resource: 'archive', reviewBy: TEST_NOW }),
    ]),
  );
  /** Rotations, with a journal that they share with handles. */
  readonly world = new InMemoryRotationWorld(this.clock, this.records.journal);
  readonly intakeKeys = new InMemoryIntakeKeys();
  readonly terms = new Map([['ledger', rotationTerms()]]);
  readonly rotation = {
    store: new InMemoryRotationStore(this.world),
    book: new InMemoryCredentialBook(this.world),
    intakeKeys: this.intakeKeys,
    terms: this.terms,
  };
  readonly detectionEvents = new EventFactory({
    ...{ clock: this.clock, environment: TEST_ENVIRONMENT, deployment: 'test' },
    component: 'control',
  });
  readonly responseOrders = new InMemoryResponseOrders(this.records.journal, this.detectionEvents);
  readonly detection = {
    store: new InMemoryDetectionStore(this.records.journal, this.responseOrders),
    orders: this.responseOrders,
    records: new InMemoryResponseRecords(this.responseOrders),
    dryRuns: new InMemoryDryRunRequests(),
    settings: detectionSettings({ environment: TEST_ENVIRONMENT, deployment: 'test' }),
    restrictions: new InMemoryRestrictionStore(this.records.journal),
    usual: new InMemoryUsualExchanges(),
    zones: new NetworkZones({}),
  };
  readonly canaries = new InMemoryCanaryStore(this.records.journal);
  readonly metrics = new Metrics();
  readonly lines: string[] = [];
  host!: HttpHost;
  /** Sends security events about the workloads of https://idp.test. */
  transmitter!: TestIssuer;

  constructor(private readonly options: AdminApiOptions = {}) {}

  async start(): Promise<void> {
    const { tls, ...settings } = { nonces: undefined, ...this.options };
    const { clock, handles, life, metrics, evidence, journal, grants } = this;
    const issuer = await TestIssuer.create({ issuer: 'https://idp.test', clock });
    this.transmitter = await TestIssuer.create({
      issuer: 'https://signals.test',
      audience: TEST_ORIGIN,
      clock,
    });
    const registration = { ...compileIssuer(this.transmitter.declaration()), id: 'signals/corp' };
    const origin = { clock, environment: TEST_ENVIRONMENT, deployment: 'test' };
    const log = createLogger({ name: 'x', level: 'info', write: (line) => this.lines.push(line) });
    this.host = await startHttpHost({
      module: ControlModule.register({
        environment: TEST_ENVIRONMENT,
        publicOrigin: TEST_ORIGIN,
        clock,
        issuers: IssuerRegistry.of([issuer.declaration({ owner: 'platform@example' })]),
        keys: InMemoryKeySource.of([issuer, this.transmitter], clock),
        transmitters: [{ registration, speaksOf: new Set(['https://idp.test']) }],
        proofUses: new InMemoryProofUses(),
        resources: aResourceSet(),
        grants,
        handles,
        ...inMemoryOrderStores(this.records),
        rotation: this.rotation,
        canaries: this.canaries,
        leakReporters: [],
        detection: this.detection,
        life,
        evidence,
        journal,
        notices: new InMemoryReviewNotices(journal),
        events: new EventFactory({ ...origin, component: 'control' }),
        log,
        metrics,
        ...settings,
      }),
      listen: { host: '127.0.0.1', port: 0, ...(tls === undefined ? {} : { tls }) },
      configure: (app) => ControlModule.configure(app),
    });
  }

  /** A handle in the store, with its plaintext. */
  async issue(overrides: Partial<Handle> = {}): Promise<{ handle: Handle; plaintext: string }> {
    const { plaintext, digest, id } = mintHandle(TEST_ENVIRONMENT);
    const expiresAt = secondsAfter(TEST_NOW, 300);
    const grant = { id: 'grant-1', version: 1, digest: operatorGrant.digest, setDigest: 's' };
    const own = { id, digest, environment: TEST_ENVIRONMENT, expiresAt, grant };
    const handle = aHandle({ ...own, ...overrides });
    await this.handles.issue(aHandleIssue(handle));
    return { handle, plaintext };
  }

  operator(...scopes: string[]): Promise<{ handle: Handle; plaintext: string }> {
    return this.issue({ resource: 'postern', scopes });
  }

  async ask(path: string, presented?: string, init: RequestInit = {}): Promise<AdminAnswer> {
    const url = `http://127.0.0.1:${this.host.address.port}/admin/v1/${path}`;
    const headers = new Headers(init.headers);
    if (presented !== undefined) headers.set('authorization', `Bearer ${presented}`);
    const response = await fetch(url, { ...init, headers });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }

  /** POST /events/set; an answer without a body has `body` undefined. */
  async push(presented: string | undefined, set: string, type = SET_TYPE): Promise<AdminAnswer> {
    const headers = new Headers({ 'content-type': type });
    if (presented !== undefined) headers.set('authorization', `Bearer ${presented}`);
    const url = `http://127.0.0.1:${this.host.address.port}/events/set`;
    const response = await fetch(url, { method: 'POST', headers, body: set });
    const text = await response.text();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    return { status: response.status, headers: response.headers, body };
  }

  order(
    presented: string | undefined,
    body: unknown,
    action: 'revoke' | 'suspend' | 'resume' = 'revoke',
  ): Promise<AdminAnswer> {
    const headers = { 'content-type': 'application/json' };
    return this.ask(action, presented, { method: 'POST', headers, body: JSON.stringify(body) });
  }
}
