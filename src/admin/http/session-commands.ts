import type { ExpiryView, ServerView } from '../server-view.ts'
import type { AdminTarget } from './admin-target.ts'
import { type AdminCommand, type CommandAnswer, command } from './command.ts'
import { type JsonField, lazily, list, object } from './json-text.ts'

/** Sessions, what they own and what they watch. These lists may be long. */
export const sessionCommands: readonly AdminCommand[] = [
  command('dump', dump),
  command('watches', watches, { aliases: ['wchc'] }),
  command('watches_by_path', watchesByPath, { aliases: ['wchp'] }),
  command('watch_summary', watchSummary, { aliases: ['wchs'] })
]

function dump({ view }: AdminTarget): CommandAnswer {
  const ephemerals = lazily(
    view.tree().ephemerals(),
    ({ sessionId, paths }): JsonField => [String(sessionId), list(paths)]
  )
  return {
    fields: [
      ['expiry_time_to_session_ids', object(expiryFields(view))],
      ['session_id_to_ephemeral_paths', object(ephemerals)]
    ]
  }
}

/** Buckets of local and global sessions by the monotonic time of their expiry; of two at one time, the global one. */
function expiryFields(view: ServerView): JsonField[] {
  const { localExpiry, globalExpiry } = view.sessions()
  // compat: a learner shows none, not even those of its local sessions.
  if (globalExpiry === null) return []
  const byTime = new Map<number, JsonField>()
  for (const expiry of [localExpiry, globalExpiry]) addBuckets(view, expiry, byTime)
  return [...byTime].sort(([a], [b]) => a - b).map(([, field]) => field)
}

function addBuckets(view: ServerView, expiry: ExpiryView<bigint> | null, byTime: Map<number, JsonField>): void {
  for (const { expiresAtMs, elements } of expiry?.buckets ?? []) {
    const timeMs = view.monotonicMsOf(expiresAtMs)
    byTime.set(timeMs, [String(timeMs), list(elements)])
  }
}

function watches({ view }: AdminTarget): CommandAnswer {
  const bySession = lazily(view.watches().dataByConnection(), (entry): JsonField | null =>
    entry === null || entry.sessionId === 0n ? null : [String(entry.sessionId), list(entry.paths)]
  )
  return { fields: [['session_id_to_watched_paths', object(bySession)]] }
}

function watchesByPath({ view }: AdminTarget): CommandAnswer {
  const byPath = lazily(
    view.watches().dataByPath(),
    (entry): JsonField | null => entry && [entry.path, list(entry.sessionIds)]
  )
  return { fields: [['path_to_session_ids', object(byPath)]] }
}

function watchSummary({ view }: AdminTarget): CommandAnswer {
  const { dataConnectionCount, dataPathCount, dataPairCount } = view.watches()
  return {
    fields: [
      ['num_connections', dataConnectionCount],
      ['num_paths', dataPathCount],
      ['num_total_watches', dataPairCount]
    ]
  }
}
