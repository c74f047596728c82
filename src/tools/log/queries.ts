import { showZxid } from '../../storage/file-names.ts'
import { add, EventKind, type PathTotals } from '../../storage/log-index/event-collector.ts'
import type { IndexedEvent, SegmentIndex, SessionTotalsById } from '../../storage/log-index/index-file.ts'
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
    const ofSegment: IndexedEvent[] = []
    for (const event of index.events(path, isRecursive)) {
      if (event.timeMs >= sinceMs && event.timeMs <= untilMs) ofSegment.push(event)
    }
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
  const sessions = new Map<bigint, SessionTotalsById>()
  for (const index of indexes)
    for (const session of index.sessions()) sessions.set(session.id, joined(sessions.get(session.id), session))
  const top = [...sessions.values()]
    .sort((one, other) => other.txnCount - one.txnCount || compare(one.id, other.id))
    .slice(0, limit)
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
  const level = (under === '/' ? 0 : under.split('/').length - 1) + depth
  const subtrees = new Map<string, PathTotals>()
  for (const index of indexes) {
    for (const [path, totals] of index.subtrees(level, under)) {
      const sum = subtrees.get(path)
      if (sum === undefined) subtrees.set(path, { ...totals })
      else add(sum, totals)
    }
  }
  const top = [...subtrees]
    .sort(([, one], [, other]) => other.writes - one.writes || other.bytes - one.bytes)
    .slice(0, limit)
  const heading = ['WRITES', 'BYTES', 'CREATED', 'DELETED', 'GROWTH', 'SUBTREE']
  const rows = top.map(([path, { writes, bytes, creates, deletes }]) => [
    ...[writes, bytes, creates, deletes, creates - deletes].map(String),
    path
  ])
  const data = top.map(([path, totals]) => ({ path, ...totals, growth: totals.creates - totals.deletes }))
  return {
    table: top.length === 0 ? `nothing was written below a path of this level\n` : textTable([heading, ...rows]),
    data
  }
}

function joined(before: SessionTotalsById | undefined, more: SessionTotalsById): SessionTotalsById {
  if (before === undefined) return more
  return {
    id: more.id,
    createdMs: before.createdMs ?? more.createdMs,
    closedMs: more.closedMs ?? before.closedMs,
    timeoutMs: before.timeoutMs ?? more.timeoutMs,
    firstMs: Math.min(before.firstMs, more.firstMs),
    lastMs: Math.max(before.lastMs, more.lastMs),
    txnCount: before.txnCount + more.txnCount,
    creates: before.creates + more.creates,
    changes: before.changes + more.changes,
    deletes: before.deletes + more.deletes,
    errors: before.errors + more.errors,
    bytes: before.bytes + more.bytes
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
