import { setTimeout as pause } from 'node:timers/promises';
import kafkajs, { type AclEntry, type Admin } from 'kafkajs';
import { LAYOUTS_BY_NAME } from '#events';
import { DependencyUnavailable } from '#kernel';
import { AdminConnection, protocolError } from './admin-connection.js';
import { deniedBy, type FoundAcl, isCovered, mayHarm } from './acl-coverage.js';
import { type KafkaConnectOptions } from './kafka-connection.js';
import {
  describeGrant,
  grantsFor,
  KAFKA_RIGHTS,
  type KafkaGrant,
  type KafkaPrincipals,
} from './kafka-rights.js';

/** What is wrong with the rights on a cluster, for people. */
export interface AclSurvey {
  /** Rights that somebody needs and has not. */
  readonly missing: readonly KafkaGrant[];
  /** A line each: what apply cannot make right, since it takes no right away. */
  readonly problems: readonly string[];
}

export interface AclTerms {
  readonly principals: KafkaPrincipals;
  /** Who administers the cluster, and may do what nobody else may. */
  readonly administrators: readonly string[];
}

const PATIENCE = { requestTimeoutMs: 10_000, retries: 0 };
const SHOWN_TIMEOUT_MS = 10_000;
const LOOK_PAUSE_MS = 50;
const NO_AUTHORIZER =
  'the brokers have no authorizer: whoever reaches them may write, read and delete everything; ' +
  'set authorizer.class.name, and log clients in';
const { AclResourceTypes, AclPermissionTypes, AclOperationTypes, ResourcePatternTypes } = kafkajs;

/** The rights of Postern's principals on a cluster. Adds what is missing; takes nothing away. */
export class KafkaAcls {
  readonly #admin: AdminConnection;

  constructor(options: KafkaConnectOptions) {
    this.#admin = new AdminConnection(options, PATIENCE);
  }

  /** @throws DependencyUnavailable, also when our user may not Describe the cluster */
  async survey(terms: AclTerms): Promise<AclSurvey> {
    const acls = await this.#admin.ask(findAcls);
    if (acls === 'no authorizer') return { missing: [], problems: [NO_AUTHORIZER] };
    const needed = grantsFor(terms.principals);
    return {
      missing: needed.filter((grant) => !isCovered(grant, acls)),
      problems: [...refused(needed, acls), ...tooMany(terms, acls)],
    };
  }

  /** Resolves when the broker that we ask knows of them; others hear of it at about the same time. @throws DependencyUnavailable */
  async add(grants: readonly KafkaGrant[]): Promise<void> {
    if (grants.length === 0) return;
    await this.#admin.ask((admin) => admin.createAcls({ acl: grants.map(entryOf) }));
    const until = performance.now() + SHOWN_TIMEOUT_MS;
    while (!(await this.#has(grants))) {
      if (performance.now() > until) throw new DependencyUnavailable('kafka', this.#notShown);
      await pause(LOOK_PAUSE_MS);
    }
  }

  async close(): Promise<void> {
    await this.#admin.close();
  }

  async #has(grants: readonly KafkaGrant[]): Promise<boolean> {
    const acls = await this.#admin.ask(findAcls);
    return acls !== 'no authorizer' && grants.every((grant) => isCovered(grant, acls));
  }

  get #notShown(): string {
    return `${this.#admin.where}: it said yes to rights, and does not show them yet`;
  }
}

const refused = (needed: readonly KafkaGrant[], acls: readonly FoundAcl[]): readonly string[] =>
  needed
    .filter((grant) => deniedBy(grant, acls))
    .map((grant) => `${describeGrant(grant)} is taken away by a DENY, which goes before`);

/** Who could forge, delete or shorten evidence or send commands, and is not one of those who must. */
function tooMany(
  { principals, administrators }: AclTerms,
  acls: readonly FoundAcl[],
): readonly string[] {
  const lines = [...LAYOUTS_BY_NAME.keys()].flatMap((topic) => {
    const trusted = new Set([...administrators, ...writersOf(topic, principals)]);
    return acls
      .filter((acl) => mayHarm(acl, topic) && !isTrusted(acl, trusted, administrators))
      .map((acl) => `${acl.principal} may ${acl.operation} topic ${topic}: ${HARM}`);
  });
  return [...new Set(lines)];
}

const HARM =
  'whoever has its password can forge or delete what lies there; ' +
  'kafka-acls.sh --remove takes it away, --administrator names who must have it';

/** Who must write may write, and no more than that. */
const isTrusted = (
  { principal, operation }: FoundAcl,
  trusted: ReadonlySet<string>,
  administrators: readonly string[],
): boolean => (operation === 'Write' ? trusted.has(principal) : administrators.includes(principal));

const writersOf = (topic: string, principals: KafkaPrincipals): readonly string[] =>
  KAFKA_RIGHTS.filter(
    ({ on, may }) => may.includes('Write') && on.some(({ name }) => name === topic),
  ).flatMap(({ role }) => principals.get(role) ?? []);

async function findAcls(admin: Admin): Promise<readonly FoundAcl[] | 'no authorizer'> {
  const answer = admin.describeAcls({
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  });
  return answer.then(
    ({ resources }) =>
      resources.flatMap(({ acls, resourceType, resourceName, resourcePatternType }) =>
        acls.map(({ principal, operation, permissionType }) => ({
          kind: nameOf(KINDS, resourceType),
          name: resourceName,
          pattern: nameOf(PATTERNS, resourcePatternType),
          principal,
          operation: nameOf(OPERATIONS, operation),
          effect:
            permissionType === AclPermissionTypes.DENY ? ('deny' as const) : ('permit' as const),
        })),
      ),
    (error: unknown) => {
      if (protocolError(error) === 'SECURITY_DISABLED') return 'no authorizer' as const;
      throw error;
    },
  );
}

const KINDS = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
} as const;
const PATTERNS = {
  literal: ResourcePatternTypes.LITERAL,
  prefixed: ResourcePatternTypes.PREFIXED,
} as const;
const OPERATIONS = {
  All: AclOperationTypes.ALL,
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Delete: AclOperationTypes.DELETE,
  Alter: AclOperationTypes.ALTER,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
  AlterConfigs: AclOperationTypes.ALTER_CONFIGS,
} as const;

/** Others, such as rights on the cluster or on transactional ids, are of no concern here. */
const nameOf = <Name extends string>(
  names: Readonly<Record<Name, number>>,
  value: number,
): Name | 'other' =>
  (Object.keys(names) as Name[]).find((name) => names[name] === value) ?? 'other';

const entryOf = ({ principal, operation, kind, name, pattern }: KafkaGrant): AclEntry => ({
  resourceType: KINDS[kind],
  resourceName: name,
  resourcePatternType: PATTERNS[pattern],
  principal,
  host: '*',
  operation: OPERATIONS[operation],
  permissionType: AclPermissionTypes.ALLOW,
});
