import { toBigInt } from '../../protocol/int64.ts'
import { showZxid } from '../../storage/file-names.ts'
import { EventKind } from '../../storage/log-index/event-collector.ts'
import type { IndexedEvent, SegmentIndex } from '../../storage/log-index/index-file.ts'
import { topSessions, topSubtrees } from '../../storage/log-index/top-totals.ts'
import { depthOf } from '../../storage/log-index/totals.ts'
import type { Identity } from './audit-identities.ts'
import type { LogQuery } from './command-line.ts'
import { textTable } from './text-table.ts'

/** Answers of the log, as a table and as plain data for JSON. */

export interface Answer {
  readonly table: string
  readonly data: unknown
}

export type Identities = ReadonlyMap<bigint, Identity>

const KIND_NAMES: Readonly<Record<number, string>> = {
  [EventKind.create]: 'create',
  [EventKind.setData]: 'setData',
  [EventKind.delete]: 'delete',
  [EventKind.setACL]: 'setACL',
  [EventKind.closeSession]: 'delete (session closed)'
}

/** Events at a path, newest first. */
export function answerPath(
  indexes: readonly SegmentIndex[],
  { path, isRecursive, sinceMs, untilMs }: Extract<LogQuery, { kind: 'path' }>,
  limit: number,
  identities: Identities
): Answer {
  const found: IndexedEvent[] = []
  // Segments follow each other in time: what an older one has is older.
  for (const index of indexes.toReversed()) {
    const ofSegment = [...index.events(path, isRecursive, sinceMs, untilMs)]
    ofSegment.sort((one, other) => compare(other.zxid, one.zxid))
    found.push(...ofSegment.slice(0, limit - found.length))
    if (found.length >= limit) break
  }
  const heading = ['TIME', 'ZXID', 'SESSION', 'USER', 'ADDRESS', 'OPERATION', 'VERSION', 'BYTES', 'PATH']
  const rows = found.map(({ timeMs, zxid, sessionId, kind, version, bytes, path: at }) => [
    new Date(timeMs).toISOString(),
    showZxid(zxid),
    showZxid(sessionId),
    ...who(identities, sessionId),
    KIND_NAMES[kind] ?? String(kind),
    kind === EventKind.setData || kind === EventKind.setACL ? String(version) : '',
    kind === EventKind.create || kind === EventKind.setData ? String(bytes) : '',
    at
  ])
  const data = found.map(({ timeMs, zxid, sessionId, kind, version, bytes, path: at }) => ({
    time: new Date(timeMs).toISOString(),
    zxid: showZxid(zxid),
    session: showZxid(sessionId),
    ...identityData(identities, sessionId),
    operation: KIND_NAMES[kind] ?? kind,
    version,
    bytes,
    path: at
  }))
  return { table: found.length === 0 ? `the log has nothing about ${path}\n` : textTable([heading, ...rows]), data }
}

/** Sessions by their transactions. */
export function answerWriters(indexes: readonly SegmentIndex[], limit: number, identities: Identities): Answer {
  const top = topSessions(indexes, limit).map(({ idHi, idLo, ...rest }) => ({ id: toBigInt(idHi, idLo), ...rest }))
  const heading = [
    'SESSION',
    'USER',
    'ADDRESS',
    'TXNS',
    'CREATES',
    'CHANGES',
    'DELETES',
    'ERRORS',
    'BYTES',
    'FIRST',
    'LAST',
    'STATE'
  ]
  const rows = top.map((session) => [
    showZxid(session.id),
    ...who(identities, session.id),
    ...[session.txnCount, session.creates, session.changes, session.deletes, session.errors, session.bytes].map(String),
    new Date(session.firstMs).toISOString(),
    new Date(session.lastMs).toISOString(),
    session.closedMs === null ? 'open' : 'closed'
  ])
  const data = top.map(({ id, createdMs, closedMs, firstMs, lastMs, ...counts }) => ({
    session: showZxid(id),
    ...identityData(identities, id),
    created: timeOrNull(createdMs),
    closed: timeOrNull(closedMs),
    first: timeOrNull(firstMs),
    last: timeOrNull(lastMs),
    ...counts
  }))
  return { table: textTable([heading, ...rows]), data }
}

/** Subtrees by the writes that they had. */
export function answerSubtrees(
  indexes: readonly SegmentIndex[],
  { under, depth }: Extract<LogQuery, { kind: 'subtrees' }>,
  limit: number
): Answer {
  const top = topSubtrees(indexes, depthOf(under) + depth, under, limit)
  const heading = ['WRITES', 'BYTES', 'CREATED', 'DELETED', 'GROWTH', 'SUBTREE']
  const rows = top.map(({ path, totals: { writes, bytes, creates, deletes } }) => [
    ...[writes, bytes, creates, deletes, creates - deletes].map(String),
    path
  ])
  const data = top.map(({ path, totals }) => ({ path, ...totals, growth: totals.creates - totals.deletes }))
  return {
    table: top.length === 0 ? `nothing was written below a path of this level\n` : textTable([heading, ...rows]),
    data
  }
}

function who(identities: Identities, sessionId: bigint): [user: string, address: string] {
  const identity = identities.get(sessionId)
  if (identity === undefined) return ['', '']
  return [[...identity.users].join(' '), [...identity.addresses].join(' ')]
}

function identityData(identities: Identities, sessionId: bigint) {
  const identity = identities.get(sessionId)
  if (identity === undefined) return { users: null, addresses: null }
  return { users: [...identity.users], addresses: [...identity.addresses] }
}

function timeOrNull(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString()
}

function compare(one: bigint, other: bigint): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
