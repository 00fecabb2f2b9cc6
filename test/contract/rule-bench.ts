import {
  PostgresDatabase,
  PostgresEvidenceLog,
  PostgresRuleEvaluator,
  PostgresVaultAccessLog,
  type RulePlace,
} from '#adapters/postgres';
import {
  type Candidate,
  type RuleId,
  type RuleSettings,
  shippedRules,
  type Zones,
} from '#detection';
import { type RecordedEvent } from '#events';
import { randomId, secondsAfter } from '#kernel';
import { aPermittedExchange, aRecordedEvent, anActor, TEST_DEPLOYMENT } from '#testing';
import { type TestDatabase, testPostgres } from '#test-support';

/** A Friday noon: the beginning of a bucket of every length but a day's. */
export const NOON = new Date('2026-11-20T12:00:00Z');
export const at = (second: number): { readonly at: Date } => ({ at: secondsAfter(NOON, second) });

const NO_ZONES: Zones = { of: (ip) => (ip.startsWith('vpn') ? 'vpn-madrid' : undefined) };

/** Where the events of the builders are of. */
const PLACE: RulePlace = {
  environment: 'prod',
  deployment: TEST_DEPLOYMENT,
  highestEnvironment: 'prod',
  sensitive: ' vault-room ',
};

/** A database with the evidence of one suite, where rules are computed as the sentinel does. */
export class RuleBench {
  readonly log: PostgresEvidenceLog;
  readonly evaluator: PostgresRuleEvaluator;
  readonly accesses: PostgresVaultAccessLog;

  private constructor(
    private readonly server: TestDatabase,
    /** As the sentinel. */
    readonly database: PostgresDatabase,
  ) {
    this.log = new PostgresEvidenceLog(database);
    this.evaluator = new PostgresRuleEvaluator(database, PLACE);
    this.accesses = new PostgresVaultAccessLog(database);
  }

  static async open(): Promise<RuleBench> {
    const server = (await testPostgres(18))!;
    const url = await server.urlAs('postern_sentinel');
    const database = await PostgresDatabase.connect({ url, applicationName: 'rule-bench' });
    return new RuleBench(server, database);
  }

  get owner(): PostgresDatabase {
    return this.server.database;
  }

  append(...events: readonly RecordedEvent[]): Promise<void> {
    return this.log.append(events, NO_ZONES);
  }

  /** What a rule finds about one entity whose windows end in these seconds after NOON. */
  async found(
    rule: RuleId,
    entityId: string,
    { from = -7200, until = 7200, settings }: Asked = {},
  ): Promise<readonly Candidate[]> {
    const all = await this.evaluator.evaluate(rule, settings ?? shippedRules()[rule], {
      from: secondsAfter(NOON, from),
      until: secondsAfter(NOON, until),
    });
    return all.filter(({ entity }) => entity.id === entityId);
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.server.drop();
  }
}

interface Asked {
  readonly from?: number;
  readonly until?: number;
  readonly settings?: RuleSettings;
}

let lastNetwork = 0;
/** An address in a network of its own. */
export function anAddress(): string {
  lastNetwork += 1;
  return `10.${Math.floor(lastNetwork / 250) + 1}.${lastNetwork % 250}.7`;
}
export const networkOfAddress = (ip: string): string => ip.replace(/\.\d+$/, '.0/24');

export const aHandle = (): string => randomId('hdl');
export const aSubject = (): string => randomId('sub');

interface Client {
  readonly ip: string;
  readonly user_agent?: string;
}

/** A call that was permitted. */
export function aCall(
  second: number,
  call: { handle: string; client?: Client; resource?: string; bytes?: number; subject?: string },
): RecordedEvent {
  const data = {
    call_id: randomId('call'),
    handle_id: call.handle,
    ...(call.subject === undefined ? {} : { subject_id: call.subject }),
    resource: call.resource ?? 'ledger',
    route_template: '/accounts/{id}',
    method: 'GET',
    bytes_in: 10,
    bytes_out: call.bytes ?? 100,
    duration_ms: 3,
    scrubbed: 0,
    outcome: 'ok' as const,
    ...(call.client === undefined ? {} : { client: call.client }),
  };
  const place = { ...at(second), partitionKey: call.handle };
  return aRecordedEvent('dev.postern.call.completed.v1', data, place);
}

/** The exchange that a handle came from. */
export const anExchangeOf = (
  handle: string,
  second: number,
  data: Parameters<typeof aPermittedExchange>[0] = {},
): RecordedEvent => aPermittedExchange({ handle_id: handle, ...data }, at(second));

/** A permitted exchange of a subject for a resource, from an address. */
export const anExchange = (
  subject: string,
  second: number,
  { resource = 'ledger', ip = '10.9.9.9' } = {},
): RecordedEvent =>
  aPermittedExchange(
    { actor: anActor(subject, { ip, user_agent: 'settler/1.0' }), granted_resource: resource },
    at(second),
  );

/** A rotation that begins, or that made a version the current one. */
export const aRotationEvent = (
  resource: string,
  second: number,
  promoted?: { readonly from: number; readonly to: number },
): RecordedEvent => {
  const block = {
    rotation_id: randomId('rot'),
    resource,
    kind: 'external' as const,
    trigger: 'admin' as const,
    attempt: 1,
  };
  const place = { ...at(second), partitionKey: resource };
  return promoted === undefined
    ? aRecordedEvent('dev.postern.rotation.requested.v1', { ...block, state: 'requested' }, place)
    : aRecordedEvent(
        'dev.postern.rotation.promoted.v1',
        {
          ...block,
          state: 'promoted',
          prev_state: 'promoting',
          from_version: promoted.from,
          to_version: promoted.to,
        },
        place,
      );
};

/** The numbers from 0 to before the count. */
export const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));
