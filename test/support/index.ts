export {};
export { describeWithServer, type TestServer } from './describe-with-server.js';
export {
  type PosternRole,
  type PostgresMajor,
  startPostgresServers,
  stopPostgresServers,
  type TestDatabase,
  testPostgres,
} from './postgres.js';
export {
  openBaoAdmin,
  startOpenBao,
  startOpenBaoWithAudit,
  startOpenBaoWithTls,
  stopOpenBao,
  TestOpenBao,
} from './openbao.js';
export { type AppRoleLogin, OpenBaoAdmin } from './openbao/openbao-admin.js';
export { jsonAnswer, ScriptedVault, type SeenRequest } from './openbao/scripted-vault.js';
export { createTopics, startKafka, stopKafka } from './kafka.js';
export { FlinkJob, type FlinkScript } from './flink.js';
export { TestKafka } from './test-kafka.js';
export { startTestServers, type TestServers } from './start-test-servers.js';
export { type ExampleClaims, IssuerExamples } from './issuer-examples.js';
export { type LegacyAccount } from './legacy-process.js';
export { LegacyPostgres, type LegacyPostgresOptions } from './legacy-postgres.js';
export { MariaDb, type MariaDbOptions } from './mariadb.js';
export { Redis, type RedisOptions } from './redis.js';
export { LDAP_CHANGER, LDAP_SERVICES, Slapd, type SlapdOptions } from './slapd.js';
export { ApacheLdap } from './apache-ldap.js';
export { basicFront, BasicFront, type FrontKind, type FrontPlace } from './basic-front.js';
export { HtpasswdSite, type HtpasswdSiteOptions } from './htpasswd-site.js';
