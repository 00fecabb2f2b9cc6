import { findApache } from './apache.js';
import { findAuthlib } from './authlib.js';
import { findCurl, findWebsockets } from './found-clients.js';
import { findMariaDb } from './mariadb.js';
import { findNginx } from './nginx.js';
import { startKafka, stopKafka } from './kafka.js';
import { startOpenBao, stopOpenBao } from './openbao.js';
import { findPhp } from './php.js';
import { findRabbitMq } from './rabbitmq.js';
import { findBotocore, findCryptography, findZeep } from './python-verifiers.js';
import { findKcat, findPythonKafka } from './stream-consumers.js';
import { findRedis } from './redis.js';
import { findSlapd } from './slapd.js';
import { findTomcat } from './tomcat.js';
import { startPostgresServers, stopPostgresServers } from './postgres.js';

export interface TestServers {
  /** Variables that tell the suites where the servers are. */
  readonly environment: Readonly<Record<string, string>>;
  /** What this machine could not give. */
  readonly missing: readonly string[];
  stop(): Promise<void>;
}

const EXPECTED = {
  POSTERN_TEST_POSTGRES_18_URL: 'PostgreSQL 18',
  POSTERN_TEST_POSTGRES_15_URL: 'PostgreSQL 15',
  POSTERN_TEST_KAFKA_BROKERS: 'Kafka',
  POSTERN_TEST_OPENBAO_ADDR: 'OpenBao',
  POSTERN_TEST_APACHE: 'Apache (apache2-bin)',
  POSTERN_TEST_NGINX: 'nginx (nginx-light)',
  POSTERN_TEST_PHP: 'PHP (php-cli)',
  POSTERN_TEST_TOMCAT: 'Tomcat 10 (tomcat10-examples)',
  POSTERN_TEST_RABBITMQ: 'RabbitMQ (rabbitmq-server)',
  POSTERN_TEST_MARIADB: 'MariaDB (mariadb-server-core)',
  POSTERN_TEST_REDIS: 'Redis (redis-server)',
  POSTERN_TEST_SLAPD: 'OpenLDAP (slapd)',
  POSTERN_TEST_AUTHLIB: 'Authlib (python3-authlib)',
  POSTERN_TEST_BOTOCORE: 'botocore (python3-botocore)',
  POSTERN_TEST_ZEEP: 'zeep (python3-zeep)',
  POSTERN_TEST_CRYPTOGRAPHY: 'python3-cryptography',
  POSTERN_TEST_CURL: 'curl',
  POSTERN_TEST_WEBSOCKETS: 'websockets (python3-websockets)',
  POSTERN_TEST_KCAT: 'kcat and jq',
  POSTERN_TEST_PYTHON_KAFKA: 'kafka-python (python3-kafka, python3-jsonschema)',
};

/** Starts what this machine can give, a line each; what it cannot give is said too. */
export async function startTestServers(): Promise<TestServers> {
  const started = await Promise.all([startPostgresServers(), startKafka(), startOpenBao()]);
  const found = {
    ...findApache(),
    ...findNginx(),
    ...findPhp(),
    ...findTomcat(),
    ...findRabbitMq(),
    ...findMariaDb(),
    ...findRedis(),
    ...findSlapd(),
    ...findAuthlib(),
    ...findBotocore(),
    ...findZeep(),
    ...findCryptography(),
    ...findCurl(),
    ...findWebsockets(),
    ...findKcat(),
    ...findPythonKafka(),
  };
  const environment: Record<string, string> = Object.assign(found, ...started);
  const missing = Object.entries(EXPECTED)
    .filter(([variable]) => environment[variable] === undefined)
    .map(([, name]) => name);
  const stop = async (): Promise<void> => {
    await Promise.all([stopPostgresServers(), stopKafka(), stopOpenBao()]);
  };
  return { environment, missing, stop };
}
