import { average, javaDouble, javaHex, javaSocketAddress } from '../java-text.ts'
import { metricLines, resetServerStats } from '../metrics/registry.ts'
import type { ClientPortKind, ConnectionView, ServerView } from '../server-view.ts'
import { FULL_VERSION } from '../version.ts'

/** `srvr`: version, then figures of the server. */
export function* srvr(view: ServerView): Generator<string> {
  yield* heading(view)
  yield* figures(view)
}

/** `stat`: as `srvr`, with a line for each connection of the port that it is asked on between. */
export function* stat(view: ServerView, _argument: bigint, port: ClientPortKind): Generator<string> {
  yield* heading(view)
  yield 'Clients:\n'
  for (const connection of view.connections(port)) yield `${describeConnection(connection, false)}\n`
  yield '\n'
  yield* figures(view)
}

function* heading(view: ServerView): Generator<string> {
  yield `Zookeeper version: ${FULL_VERSION}\n`
  if (view.mode() === 'read-only') yield 'READ-ONLY mode; serving only read-only clients\n'
}

function* figures(view: ServerView): Generator<string> {
  const { requestLatency, packetsReceived, packetsSent } = view.stats
  const { count, sum, min, max } = requestLatency
  const averageText = javaDouble(average(sum, count))
  yield `Latency min/avg/max: ${count === 0 ? 0 : min}/${averageText}/${count === 0 ? 0 : max}\n`
  yield `Received: ${packetsReceived.value}\n`
  yield `Sent: ${packetsSent.value}\n`
  yield `Connections: ${view.connectionCount()}\n`
  yield `Outstanding: ${view.outstandingRequests()}\n`
  yield `Zxid: 0x${javaHex(view.lastProcessedZxid())}\n`
  yield `Mode: ${view.mode()}\n`
  yield `Node count: ${view.tree().nodeCount}\n`
  const leader = view.quorum()?.leader ?? null
  if (leader === null) return
  const { last, min: smallest, max: largest } = leader.proposalSize
  yield `Proposal sizes last/min/max: ${last}/${smallest}/${largest}\n`
}

/** `cons`: a line for each connection of the port that it is asked on, with its session. */
export function* cons(view: ServerView, _argument: bigint, port: ClientPortKind): Generator<string> {
  for (const connection of view.connections(port)) yield `${describeConnection(connection, true)}\n`
  yield '\n'
}

function describeConnection(connection: ConnectionView, withSession: boolean): string {
  const address = javaSocketAddress(connection.remoteAddress, connection.remotePort)
  const counts = [
    `queued=${connection.outstandingRequests}`,
    `recved=${connection.packetsReceived}`,
    `sent=${connection.packetsSent}`
  ]
  if (withSession && connection.sessionId !== 0n) counts.push(...describeSession(connection))
  return ` ${address}[${connection.interestOps.toString(16)}](${counts.join(',')})`
}

function* describeSession({ sessionId, session }: ConnectionView): Generator<string> {
  yield `sid=0x${javaHex(sessionId)}`
  yield `lop=${session.lastOperation}`
  yield `est=${Math.floor(session.establishedMs)}`
  yield `to=${session.timeoutMs}`
  if (session.lastCxid >= 0) yield `lcxid=0x${session.lastCxid.toString(16)}`
  yield `lzxid=0x${javaHex(session.lastZxid)}`
  yield `lresp=${Math.floor(session.lastResponseMs)}`
  yield `llat=${Math.floor(session.lastLatencyMs)}`
  yield `minlat=${Math.floor(session.minLatencyMs)}`
  yield `avglat=${Math.floor(session.avgLatencyMs)}`
  yield `maxlat=${Math.floor(session.maxLatencyMs)}`
}

/** `mntr`: all figures, a line each. */
export function* mntr(view: ServerView): Generator<string> {
  yield `zk_version\t${FULL_VERSION}\n`
  yield `zk_server_state\t${view.mode()}\n`
  const quorum = view.quorum()
  if (quorum !== null && view.mode() !== 'read-only') {
    yield `zk_peer_state\t${quorum.peerState}\n`
    if (quorum.observerMasterId !== null) yield `zk_observer_master_id\t${quorum.observerMasterId}\n`
  }
  if (view.settings.metrics.provider === 'none') return
  for (const [name, value] of metricLines(view)) yield `zk_${name}\t${value}\n`
}

/** `srst`. */
export function* srst(view: ServerView): Generator<string> {
  resetServerStats(view)
  yield 'Server stats reset.\n'
}

/** `crst`. */
export function* crst(view: ServerView): Generator<string> {
  view.resetConnectionStats()
  yield 'Connection stats reset.\n'
}
