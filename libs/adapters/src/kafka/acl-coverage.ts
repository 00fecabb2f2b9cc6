import { type KafkaGrant } from './kafka-rights.js';

/** One entry of a cluster's access control list. */
export interface FoundAcl {
  readonly kind: 'topic' | 'group' | 'other';
  readonly name: string;
  readonly pattern: 'literal' | 'prefixed' | 'other';
  readonly principal: string;
  readonly operation: AclOperation;
  readonly effect: 'permit' | 'deny';
}

export type AclOperation =
  | 'All'
  | 'Read'
  | 'Write'
  | 'Create'
  | 'Delete'
  | 'Alter'
  | 'Describe'
  | 'DescribeConfigs'
  | 'AlterConfigs'
  | 'other';

const EVERYBODY = 'User:*';
/** A permission of the one includes the other. Source: Kafka's documentation, "Authorization and ACLs". */
const INCLUDES: Readonly<Partial<Record<AclOperation, readonly AclOperation[]>>> = {
  Read: ['Describe'],
  Write: ['Describe'],
  Delete: ['Describe'],
  Alter: ['Describe'],
  AlterConfigs: ['DescribeConfigs'],
};
/** What forges, deletes or shortens. */
const HARMFUL: ReadonlySet<AclOperation> = new Set<AclOperation>([
  'All',
  'Write',
  'Delete',
  'Alter',
  'AlterConfigs',
]);

/** Whether somebody has what it needs. The host that a permission may be limited to is not looked at. */
export const isCovered = (grant: KafkaGrant, acls: readonly FoundAcl[]): boolean =>
  acls.some(
    (acl) =>
      acl.effect === 'permit' &&
      isAbout(acl, grant) &&
      (acl.operation === 'All' ||
        acl.operation === grant.operation ||
        (INCLUDES[acl.operation] ?? []).includes(grant.operation)),
  );

/** A denial denies the one operation that it names, or all. */
export const deniedBy = (grant: KafkaGrant, acls: readonly FoundAcl[]): boolean =>
  acls.some(
    (acl) =>
      acl.effect === 'deny' &&
      isAbout(acl, grant) &&
      (acl.operation === 'All' || acl.operation === grant.operation),
  );

/** Whether an entry lets somebody change what lies on a topic. */
export const mayHarm = (acl: FoundAcl, topic: string): boolean =>
  acl.effect === 'permit' &&
  HARMFUL.has(acl.operation) &&
  acl.kind === 'topic' &&
  reaches(acl, { name: topic, pattern: 'literal' });

const isAbout = (acl: FoundAcl, { principal, ...place }: KafkaGrant): boolean =>
  acl.kind === place.kind &&
  (acl.principal === principal || acl.principal === EVERYBODY) &&
  reaches(acl, place);

/** Whether all that a place names is under an entry: the same, everything, or a prefix of it. */
function reaches(acl: FoundAcl, { name, pattern }: Pick<KafkaGrant, 'name' | 'pattern'>): boolean {
  if (acl.pattern === 'prefixed') return name.startsWith(acl.name);
  if (acl.pattern !== 'literal') return false;
  return acl.name === '*' || (pattern === 'literal' && acl.name === name);
}
