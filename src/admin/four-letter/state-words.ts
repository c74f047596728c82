import { join } from 'node:path'
import { javaDate, javaHex, javaSocketAddress } from '../java-text.ts'
import { environmentEntries } from '../process-figures.ts'
import type { ConnectionView, ExpiryView, ServerView, SessionsView } from '../server-view.ts'

/** `conf`: the settings that upstream shows. */
export function* conf(view: ServerView): Generator<string> {
  const { client, session, storage, quorum: settings } = view.settings
  const quorum = view.quorum()
  yield `clientPort=${view.clientPort() ?? -1}\n`
  yield `secureClientPort=${view.secureClientPort() ?? -1}\n`
  yield `dataDir=${join(storage.dataDir, 'version-2')}\n`
  yield `dataDirSize=${view.dataDirBytes()}\n`
  yield `dataLogDir=${join(storage.dataLogDir, 'version-2')}\n`
  yield `dataLogSize=${view.logDirBytes()}\n`
  yield `tickTime=${session.tickTimeMs}\n`
  yield `maxClientCnxns=${client.maxClientCnxns}\n`
  yield `minSessionTimeout=${session.minTimeoutMs}\n`
  yield `maxSessionTimeout=${session.maxTimeoutMs}\n`
  yield `clientPortListenBacklog=${client.listenBacklog ?? -1}\n`
  // compat: a standalone server says 0, whatever its myid.
  yield `serverId=${quorum === null ? 0 : settings.serverId}\n`
  if (quorum === null) return
  yield `initLimit=${settings.initLimitTicks ?? 0}\n`
  yield `syncLimit=${settings.syncLimitTicks ?? 0}\n`
  yield `electionAlg=${settings.electionAlg}\n`
  yield `electionPort=${quorum.electionPort}\n`
  yield `quorumPort=${quorum.quorumPort}\n`
  yield `peerType=${quorum.role === 'observer' ? 1 : 0}\n`
  if (view.mode() === 'read-only') return
  yield 'membership: \n'
  yield quorum.membership
}

/** `dirs`. */
export function* dirs(view: ServerView): Generator<string> {
  yield `datadir_size: ${view.dataDirBytes()}\n`
  yield `logdir_size: ${view.logDirBytes()}\n`
}

/** `envi`. */
export function* envi(): Generator<string> {
  yield 'Environment:\n'
  for (const [key, value] of environmentEntries()) yield `${key}=${value}\n`
}

/** `dump`: sessions by expiry, ephemerals by session, connections by expiry. */
export function* dump(view: ServerView): Generator<string> {
  yield 'SessionTracker dump:\n'
  yield* dumpSessions(view.sessions())
  yield 'ephemeral nodes dump:\n'
  const tree = view.tree()
  yield `Sessions with Ephemerals (${tree.ephemeralOwnerCount}):\n`
  for (const { sessionId, paths } of tree.ephemerals()) {
    yield `0x${javaHex(sessionId)}:\n`
    for (const path of paths) yield `\t${path}\n`
  }
  yield 'Connections dump:\nConnections '
  yield* dumpExpiry(view.connectionExpiry(), describeConnection)
}

function* dumpSessions({ globalCount, globalExpiry, localExpiry, globalTimeouts }: SessionsView): Generator<string> {
  if (localExpiry !== null) {
    yield 'Local Session '
    yield* dumpExpiry(localExpiry, describeSession)
  }
  if (globalExpiry !== null) {
    yield localExpiry === null ? 'Session ' : 'Global Session '
    yield* dumpExpiry(globalExpiry, describeSession)
    return
  }
  yield `Global Sessions(${globalCount}):\n`
  for (const session of globalTimeouts) {
    yield session === null ? '' : `${describeSession(session.sessionId)}\t${session.timeoutMs}ms\n`
  }
}

function* dumpExpiry<T>({ elementCount, buckets }: ExpiryView<T>, describe: (element: T) => string): Generator<string> {
  yield `Sets (${buckets.length})/(${elementCount}):\n`
  for (const { expiresAtMs, elements, count } of buckets) {
    yield `${count} expire at ${javaDate(expiresAtMs)}:\n`
    for (const element of elements) yield `\t${describe(element)}\n`
  }
}

function describeSession(sessionId: bigint): string {
  return `0x${javaHex(sessionId)}`
}

function describeConnection({ remoteAddress, remotePort, sessionId }: ConnectionView): string {
  return `ip: ${javaSocketAddress(remoteAddress, remotePort)} sessionId: 0x${javaHex(sessionId)}`
}

/** `wchs`: how many watches; of the data table, as upstream. */
export function* wchs(view: ServerView): Generator<string> {
  const { dataConnectionCount, dataPathCount, dataPairCount } = view.watches()
  yield `${dataConnectionCount} connections watching ${dataPathCount} paths\nTotal watches:${dataPairCount}\n`
}

/** `wchc`: paths by session. Long where there are many watches. */
export function* wchc(view: ServerView): Generator<string> {
  for (const entry of view.watches().dataByConnection()) {
    yield entry === null ? '' : `0x${javaHex(entry.sessionId)}\n`
    for (const path of entry?.paths ?? []) yield `\t${path}\n`
  }
  yield '\n'
}

/** `wchp`: sessions by path. Long where there are many watches. */
export function* wchp(view: ServerView): Generator<string> {
  for (const entry of view.watches().dataByPath()) {
    yield entry === null ? '' : `${entry.path}\n`
    for (const sessionId of entry?.sessionIds ?? []) yield `\t0x${javaHex(sessionId)}\n`
  }
  yield '\n'
}

/** `hash`: the digest log. */
export function* hash(view: ServerView): Generator<string> {
  for (const { zxid, digest } of view.digestLog()) yield `${javaHex(zxid)}: ${digest}\n`
}
