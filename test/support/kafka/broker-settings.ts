import path from 'node:path';

const LOOPBACK = '127.0.0.1';
/** Any 16 bytes will do: the id only has to be that of the folder's last start. */
const CLUSTER_ID = 'cG9zdGVybi10ZXN0LTAwMQ';

/** Where one broker lies and listens. */
export interface Place {
  readonly folder: string;
  readonly port: number;
  readonly controllerPort: number;
  /** Where one logs in; who may do what counts there. */
  readonly saslPort?: number;
}

type BrokerSettings = Readonly<Record<string, string | number>>;

/** The text of server.properties; what is given goes before what every broker has. */
export function brokerSettings(place: Place, given: BrokerSettings): string {
  const { saslPort } = place;
  const settings = {
    ...properties(place),
    ...(saslPort === undefined ? {} : authorizing(place, saslPort)),
    ...given,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Of kafka-storage.sh: an empty store, with users and their passwords. */
export const formatArguments = (
  folder: string,
  users: Readonly<Record<string, string>>,
): string[] => [
  ...['format', '--ignore-formatted', '--cluster-id', CLUSTER_ID],
  ...['--config', path.join(folder, 'server.properties')],
  ...scramArguments(users),
];

const scramArguments = (users: Readonly<Record<string, string>>): string[] =>
  Object.entries(users).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  );

/** A second listener where one logs in, and rights that count there. */
const authorizing = ({ port, controllerPort }: Place, saslPort: number): BrokerSettings => ({
  listeners:
    `PLAINTEXT://${LOOPBACK}:${port},SASL_PLAINTEXT://${LOOPBACK}:${saslPort},` +
    `CONTROLLER://${LOOPBACK}:${controllerPort}`,
  'advertised.listeners': `PLAINTEXT://${LOOPBACK}:${port},SASL_PLAINTEXT://${LOOPBACK}:${saslPort}`,
  'listener.security.protocol.map':
    'PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
  'sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
  'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config':
    'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  'listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config':
    'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
});

/** One node: what a cluster keeps three times is kept once, and groups do not wait for members to come. */
function properties(place: Place): BrokerSettings {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${LOOPBACK}:${place.controllerPort}`,
    listeners: `PLAINTEXT://${LOOPBACK}:${place.port},CONTROLLER://${LOOPBACK}:${place.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://${LOOPBACK}:${place.port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': path.join(place.folder, 'logs'),
    'auto.create.topics.enable': 'false',
    'unclean.leader.election.enable': 'false',
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    // A killed broker may come back when its old session has ended: after 3 s instead of 9.
    'broker.session.timeout.ms': 3000,
    'broker.heartbeat.interval.ms': 500,
    'num.network.threads': 2,
    'num.io.threads': 2,
  };
}
