import { type Command } from 'commander';
import {
  type AclTerms,
  describeDifference,
  describeGrant,
  describeStep,
  KafkaAcls,
  type KafkaConnectOptions,
  type KafkaGrant,
  kafkaOptions,
  KafkaTopics,
  type TopicDurability,
} from '#adapters/kafka';
import { loadSettings, requireServers } from '#platform/start';
import { aclTermsOf } from '../kafka-principals.js';
import { complain } from '../problem-line.js';
import { shown } from '../shown.js';
import { UsageError } from '../usage-error.js';

interface CheckOptions {
  readonly replicationFactor: string;
  readonly minInsync: string;
  readonly acls?: boolean;
  readonly principal: readonly string[];
  readonly administrator: readonly string[];
}

interface ApplyOptions extends CheckOptions {
  readonly dryRun?: boolean;
  readonly allowLoss?: boolean;
}

/** What a command works with: the two sides of a cluster, and what they are compared with. */
interface Cluster {
  readonly topics: KafkaTopics;
  readonly acls: KafkaAcls;
  readonly durability: TopicDurability;
  /** Undefined: rights are not looked at. */
  readonly terms: AclTerms | undefined;
}

const EXIT_CONFIG = 78; // EX_CONFIG of sysexits.h
const REPLICATION_FACTOR = '3';
const MIN_IN_SYNC = '2';

/** `postern topics check|apply`: topics are code; this compares a cluster with it, and makes it so. */
export function addTopics(program: Command): void {
  const topics = program
    .command('topics')
    .description('the Kafka topics of KAFKA_BROKERS, and who may do what with them');
  withTerms(
    topics
      .command('check')
      .description('compare the cluster with what Postern needs; change nothing'),
  ).action(check);
  withTerms(
    topics
      .command('apply')
      .description('make missing topics, correct settings; never the number of partitions')
      .option('--dry-run', 'say what would be done, and let the cluster say whether it would do it')
      .option('--allow-loss', 'also what deletes records: a shorter retention, another clean-up'),
  ).action(apply);
}

const collected = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  value,
];

const withTerms = (command: Command): Command =>
  command
    .option('--replication-factor <n>', 'copies of each record', REPLICATION_FACTOR)
    .option('--min-insync <n>', 'copies that must be there before a record counts', MIN_IN_SYNC)
    .option('--acls', 'also who may do what')
    .option(
      '--principal <role=User:name>',
      'the Kafka user of a role (docs/kafka.md); repeatable',
      collected,
      [],
    )
    .option('--administrator <User:name>', 'who may do everything; repeatable', collected, []);

const check = (options: CheckOptions): Promise<void> =>
  withCluster(options, async (cluster) => {
    const problems = await report(cluster);
    console.log(problems === 0 ? 'in order' : `${problems} problems`);
  });

const apply = (options: ApplyOptions): Promise<void> =>
  withCluster(options, async (cluster) => {
    const dryRun = options.dryRun === true;
    const steps = await cluster.topics.plan({
      durability: cluster.durability,
      allowLoss: options.allowLoss === true,
    });
    const grants = await missingGrants(cluster);
    for (const step of steps) print(describeStep(step));
    for (const grant of grants) print(`grant ${describeGrant(grant)}`);
    await cluster.topics.carryOut(steps, dryRun ? 'rehearse' : 'change');
    if (dryRun) {
      console.log('nothing was changed: --dry-run');
      return;
    }
    await cluster.acls.add(grants);
    const changes = steps.filter(({ kind }) => kind !== 'left').length + grants.length;
    console.log(changes === 0 ? 'nothing to change' : `done: ${changes} changes`);
    const problems = await report(cluster);
    if (problems > 0) console.log(`${problems} problems are left`);
  });

const missingGrants = async ({ acls, terms }: Cluster): Promise<readonly KafkaGrant[]> =>
  terms === undefined ? [] : (await acls.survey(terms)).missing;

/** A line each; a problem makes the command fail. Resolves to how many there are. */
async function report({ topics, acls, durability, terms }: Cluster): Promise<number> {
  const { differences, unseen } = await topics.survey({ durability });
  const isNote = ({ weight }: { weight: string }): boolean => weight === 'note';
  const problems = differences.filter((one) => !isNote(one)).map(describeDifference);
  const rights = terms === undefined ? undefined : await acls.survey(terms);
  if (rights !== undefined) {
    problems.push(
      ...rights.missing.map(
        (grant) => `${describeGrant(grant)} is missing: postern topics apply --acls`,
      ),
      ...rights.problems,
    );
  }
  for (const problem of problems) print(problem);
  for (const note of differences.filter(isNote)) print(`note: ${describeDifference(note)}`);
  for (const line of unseen) print(`note: could not look at ${line}`);
  if (problems.length > 0) process.exitCode = EXIT_CONFIG;
  return problems.length;
}

/** What others named cannot move the cursor or begin a line. */
const print = (line: string): void => console.log(shown(line));

async function withCluster(
  options: CheckOptions,
  work: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const durability = durabilityOf(options);
  const terms = options.acls === true ? aclTermsOf(options) : undefined;
  const connection = await connectionOf();
  const topics = new KafkaTopics(connection);
  const acls = new KafkaAcls(connection);
  try {
    await work({ topics, acls, durability, terms });
  } finally {
    await topics.close();
    await acls.close();
  }
}

async function connectionOf(): Promise<KafkaConnectOptions> {
  const { kafka } = requireServers(loadSettings(process.env), ['kafka']);
  return kafkaOptions(kafka, {
    clientId: 'postern-cli',
    onProblem: complain,
  });
}

function durabilityOf({ replicationFactor, minInsync }: CheckOptions): TopicDurability {
  const durability = {
    replicationFactor: countOf('--replication-factor', replicationFactor),
    minInSyncReplicas: countOf('--min-insync', minInsync),
  };
  if (durability.minInSyncReplicas > durability.replicationFactor) {
    throw new UsageError('--min-insync is above --replication-factor: no record could be written');
  }
  return durability;
}

const REPLICAS_MAX = 32_767; // An INT16 in Kafka's protocol.

function countOf(option: string, text: string): number {
  const count = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : Number.NaN;
  if (count <= REPLICAS_MAX) return count;
  throw new UsageError(`${option} ${text}: expected a number from 1`);
}
