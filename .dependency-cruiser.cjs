// The import rules of docs/architecture.md: downward only, and what may be used where.
const core = '^src/core/'
const only = (name, comment, to, fromNot) => ({
  name,
  comment,
  severity: 'error',
  from: { pathNot: fromNot },
  to: { path: to }
})

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'core-is-pure',
      comment: 'the core imports nothing of Node and no package but the Jute runtime',
      severity: 'error',
      from: { path: '^src/(core|protocol|collections|simulator)/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'], pathNot: '(^|/)(jute|jute-ts)/' }
    },
    {
      name: 'protocol-is-lowest',
      severity: 'error',
      from: { path: '^src/protocol/' },
      to: { path: '^src/(?!protocol/)' }
    },
    {
      name: 'collections-know-nothing',
      severity: 'error',
      from: { path: '^src/collections/' },
      to: { path: '^src/(?!collections/)' }
    },
    {
      name: 'sasl-knows-nothing',
      comment: 'mechanisms are state machines; what they need of Node is in sasl/node',
      severity: 'error',
      from: { path: '^src/sasl/' },
      to: { path: '^src/(?!sasl/)' }
    },
    {
      name: 'sasl-mechanisms-are-pure',
      severity: 'error',
      from: { path: '^src/sasl/(?!node/)' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] }
    },
    {
      name: 'sasl-mechanisms-are-below-the-shell',
      severity: 'error',
      from: { path: '^src/(sasl/(?!node/)|core/)' },
      to: { path: '^src/sasl/node/' }
    },
    {
      name: 'core-imports-downward',
      severity: 'error',
      from: { path: core },
      to: { path: '^src/(?!core/|protocol/|collections/|sasl/constant-time\\.ts$)' }
    },
    {
      name: 'core-parts-do-not-know-each-other',
      comment: 'these are siblings; what joins them is above',
      severity: 'error',
      from: { path: '^src/core/(tree|watch|session|acl|audit|zab)/' },
      to: { path: '^src/core/(?!$1/)[^/]+/' }
    },
    {
      name: 'core-parts-are-below-the-pipeline',
      severity: 'error',
      from: { path: '^src/core/pipeline/' },
      to: { path: '^src/core/(peer|ensemble|zab)' }
    },
    {
      name: 'storage-knows-no-core',
      severity: 'error',
      from: { path: '^src/storage/' },
      to: { path: '^src/(core|server|admin|client|cli|bin)/' }
    },
    {
      name: 'client-knows-the-protocol-only',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { path: '^src/(?!client/|protocol/|collections/|sasl/)' }
    },
    {
      name: 'library-starts-servers-as-processes',
      comment: 'who wants the client, or a server in another process, loads no server',
      severity: 'error',
      from: { path: '^src/library/' },
      to: { path: '^src/(?!library/|client/)' }
    },
    {
      name: 'shell-is-below-the-programs',
      severity: 'error',
      from: { path: '^src/(server|admin|storage|client|cli|tools|sasl)/' },
      to: { path: '^src/bin/' }
    },
    {
      name: 'tools-are-programs-of-their-own',
      severity: 'error',
      from: { path: '^src/(core|protocol|server|admin|storage|client|cli)/' },
      to: { path: '^src/tools/' }
    },
    {
      name: 'simulator-knows-what-is-pure',
      severity: 'error',
      from: { path: '^src/simulator/' },
      to: { path: '^src/(?!simulator/|core/|protocol/|collections/)' }
    },
    {
      name: 'nobody-ships-the-simulator',
      comment: 'tests and scripts run it',
      severity: 'error',
      from: { path: '^src/(?!simulator/)' },
      to: { path: '^src/simulator/' }
    },
    only('sqlite-in-storage-only', 'one place owns the files', '(^|/)better-sqlite3/', '^src/storage/'),
    only(
      'winston-in-one-file',
      'all others know the Logger port',
      '(^|/)winston/',
      '^src/server/logging/winston-logger\\.ts$'
    ),
    only(
      'prom-client-in-one-file',
      'it is loaded where Prometheus is asked for only',
      '(^|/)prom-client/',
      '^src/admin/metrics/process-metrics\\.ts$'
    ),
    only('forge-in-one-file', 'only PKCS12 stores need it', '(^|/)node-forge/', '^src/tls/stores/pkcs12-'),
    {
      name: 'tls-knows-nothing-of-servers',
      comment: 'sockets of the server, its HTTP ports, the client and the shell stand on it',
      severity: 'error',
      from: { path: '^src/tls/' },
      to: { path: '^src/(?!tls/)' }
    },
    {
      name: 'jute-runtime-has-no-dependency',
      severity: 'error',
      from: { path: '^jute/src/(index|runtime)' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] }
    },
    {
      name: 'jute-is-by-itself',
      severity: 'error',
      from: { path: '^jute/' },
      to: { path: '^src/' }
    }
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] }
  }
}
