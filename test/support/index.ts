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
  startOpenBaoWithTls,
  stopOpenBao,
  TestOpenBao,
} from './openbao.js';
export { type AppRoleLogin, OpenBaoAdmin } from './openbao/openbao-admin.js';
export { jsonAnswer, ScriptedVault, type SeenRequest } from './openbao/scripted-vault.js';
export { createTopics, startKafka, stopKafka } from './kafka.js';
export { TestKafka } from './test-kafka.js';
export { startTestServers, type TestServers } from './start-test-servers.js';
export { type ExampleClaims, IssuerExamples } from './issuer-examples.js';
