import { EventFactory, type IncomingCommand, TOPICS } from '#events';
import { type Handle } from '#handles';
import {
  COMMAND_EVENT_PREFIX,
  compileIssuer,
  IssuerRegistry,
  SecurityEventVerifier,
  type SignalTransmitter,
  subjectIdOf,
} from '#identity';
import { secondsAfter, sha256 } from '#kernel';
import { CarryOutSecurityEvent, ChangeHandles, ReceiveCommand, ReceiveSecurityEvent } from '#oauth';
import { FixedClock } from './fixed-clock.js';
import { aHandle, aHandleIssue } from './handle-builders.js';
import { InMemoryHandleStore } from './in-memory-handle-store.js';
import { InMemoryKeySource } from './in-memory-key-source.js';
import { inMemoryOrderStores } from './in-memory-order-stores.js';
import { InMemoryRotationOrders } from './in-memory-rotation-orders.js';
import { TEST_NOW } from './policy-builders.js';
import { TestIssuer } from './token-builder.js';

const IDP = 'https://idp.test';
const OTHER = 'https://other.test';
const ALL_SCOPES = ['handle', 'family', 'subject', 'issuer', 'grant', 'key', 'resource', 'task'];

interface Rights {
  readonly actions: readonly string[];
  readonly scopes: readonly string[];
}

const ALL: Rights = { actions: ['revoke', 'suspend', 'resume', 'rotate'], scopes: ALL_SCOPES };

const rightsOf = (rights: Rights | 'nothing'): Pick<SignalTransmitter, 'commands'> =>
  rights === 'nothing'
    ? {}
    : { commands: { actions: new Set(rights.actions), scopes: new Set(rights.scopes) } };

type Claims = Readonly<Record<string, unknown>>;

/** What receives security events by push and commands by Kafka, over memory, with a transmitter that may command all. */
export class SignalsUnderTest {
  readonly handles = new InMemoryHandleStore();
  readonly records = this.handles.records;
  readonly journal = this.records.journal;
  readonly orders = inMemoryOrderStores(this.records);
  readonly rotations = new InMemoryRotationOrders(this.journal);
  readonly pushed: ReceiveSecurityEvent;
  readonly fromKafka: ReceiveCommand;
  #offset = 0;

  private constructor(
    readonly clock: FixedClock,
    readonly transmitter: TestIssuer,
    readonly keys: InMemoryKeySource,
    transmitters: readonly SignalTransmitter[],
  ) {
    const { handles, journal, rotations } = this;
    const origin = { environment: 'test', deployment: 'test', component: 'control' } as const;
    const events = new EventFactory({ ...origin, clock });
    const verifier = new SecurityEventVerifier({
      ...{ transmitters, keys, clock },
      issuers: IssuerRegistry.of(
        [IDP, OTHER].map((issuer) => transmitter.declaration({ id: issuer, issuer })),
      ),
      audience: 'https://postern.test',
    });
    const changes = new ChangeHandles({ handles, events, clock });
    const { receipts } = this.orders;
    const effects = new CarryOutSecurityEvent({
      ...{ handles, changes, rotations, receipts, events },
    });
    this.pushed = new ReceiveSecurityEvent({ verifier, effects, journal, events });
    this.fromKafka = new ReceiveCommand({ verifier, effects, journal, events, clock });
  }

  /** @param commands What the transmitter may command; default everything. */
  static async create(commands: Rights | 'nothing' = ALL): Promise<SignalsUnderTest> {
    const clock = new FixedClock(TEST_NOW);
    const transmitter = await TestIssuer.create({ issuer: 'https://signals.test', clock });
    const registration = { ...compileIssuer(transmitter.declaration()), id: 'signals/corp' };
    const keys = InMemoryKeySource.of([transmitter], clock);
    const transmitters = [{ registration, speaksOf: new Set([IDP]), ...rightsOf(commands) }];
    return new SignalsUnderTest(clock, transmitter, keys, transmitters);
  }

  /** A live handle of a workload of https://idp.test. */
  async issue(id: string, overrides: Partial<Handle> = {}): Promise<Handle> {
    const subject = subjectOf('workload-1');
    const own = { id, digest: sha256(id), subject, expiresAt: secondsAfter(TEST_NOW, 300) };
    const handle = aHandle({ ...own, ...overrides });
    await this.handles.issue(aHandleIssue(handle));
    return handle;
  }

  /** Ids of the handles that have the status. */
  idsWith(status: Handle['status']): string[] {
    return [...this.records.handles.values()]
      .filter((handle) => handle.status === status)
      .map(({ id }) => id);
  }

  /** The claims of a Security Event Token; undefined takes a member out. */
  claims(claims: Claims = {}): Claims {
    const sub_id = { format: 'iss_sub', iss: IDP, sub: 'workload-1' };
    return { sub: undefined, exp: undefined, sub_id, ...claims };
  }

  /** A Security Event Token that this transmitter signs. */
  mint(claims: Claims = {}, header: Claims = {}): Promise<string> {
    return this.transmitter.mint(this.claims(claims), { typ: 'secevent+jwt', ...header });
  }

  /** A signed command. */
  command(action: string, event: Claims, claims: Claims = {}): Promise<string> {
    return this.mint(commandClaims(action, event, claims));
  }

  /** It lies on the command topic at a new place, or at that offset, and is received. */
  async arrive(
    compactJws: string | undefined,
    key: string | undefined,
    offset: number = (this.#offset += 1),
  ): Promise<void> {
    await this.fromKafka.receive(aRecord(compactJws, key, offset));
  }

  async push(compactJws: string): Promise<void> {
    await this.pushed.receive(compactJws, {
      operator: { subjectId: 'sub_pusher', handleId: 'hdl_pusher', isDelegated: false },
      correlationId: 'req_1',
    });
  }
}

/** The claims that make a Security Event Token a command. */
export const commandClaims = (action: string, event: Claims, claims: Claims = {}): Claims => ({
  sub_id: undefined,
  events: { [`${COMMAND_EVENT_PREFIX}${action}`]: { reason: 'a test', ...event } },
  ...claims,
});

export const subjectOf = (subject: string, issuer = IDP): Handle['subject'] => ({
  issuer,
  subject,
  id: subjectIdOf({ issuer, subject }),
});

const aRecord = (
  compactJws: string | undefined,
  key: string | undefined,
  offset: number,
): IncomingCommand => ({
  place: { topic: TOPICS.command, partition: 3, offset: String(offset) },
  key,
  compactJws,
});
