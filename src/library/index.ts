/**
 * The package's public entry: the client library, and servers for tests.
 *
 * {@link connect} makes a client (docs/client.md); {@link startServer} and {@link startEnsemble} start servers (docs/library.md).
 */
export * from '../client/index.ts'
export type { ConfigKeys } from './member-files.ts'
export { ServerStartError } from './server-process.ts'
export {
  type EnsembleOptions,
  type ServingMode,
  startEnsemble,
  type TestEnsemble,
  type TestMember
} from './start-ensemble.ts'
export { type ServerOptions, startServer, type TestServer } from './start-server.ts'
