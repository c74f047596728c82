import type { Answer } from './ask.ts'

/** Fields whose values differ between any two servers, or from one moment to the next: only their type is compared. */
const VOLATILE =
  /^(remote_socket_address|established|last_response_time|last_latency|(min|avg|max)_latency|session_id|version|uptime|data_dir_size|log_dir_size|datadir_size|logdir_size|client_port|data_dir|data_log_dir|timestamp|initial_configuration|client_address|.*_addresses?|one|reachable_or_one|.*addresses_or_all|all_ports|leader_uptime|queued_packets.*|packets_(sent|received)|requests|last_(buffer|zxid)(_size)?|.*_buffer_size|last_cxid|outstanding_requests|last_operation|interest_ops|last_zxid|zab_(counter|epoch)|last_processed_zxid|snapshot_size|digest)$/
/** Objects whose names are session ids or times. */
const KEYED_BY_ID = /^(expiry_time_to_session_ids|session_id_to_ephemeral_paths|session_id_to_watched_paths)$/

/** What an answer says without what may differ, as text to be compared. */
export function essence({ status, type, headers, body }: Answer): string {
  const text = status >= 400 ? '(a page)' : type === 'application/octet-stream' ? '(bytes)' : body
  const shown = typeof body === 'object' ? masked(body, '') : text
  // Upstream's pages of errors are Jetty's.
  const shownType = typeof body === 'object' ? type : '(not compared)'
  return JSON.stringify({ status, type: shownType, headers: Object.keys(headers).sort(), body: shown }, null, 1)
}

/** Names in the order of the alphabet, since upstream's order is that of its hash tables. */
function masked(value: unknown, name: string): unknown {
  if (KEYED_BY_ID.test(name) && isRecord(value)) {
    const lists = Object.values(value).map((one) => elements(one, name))
    return lists.filter((text) => text !== '').sort()
  }
  if (VOLATILE.test(name) || (name === 'zxid' && typeof value === 'string')) return shapeOf(value)
  if (name === 'path_to_session_ids' && isRecord(value)) return countsOf(value)
  if (Array.isArray(value)) return value.map((one) => masked(one, '')).sort(byText)
  if (!isRecord(value)) return value
  const names = Object.keys(value).sort()
  return Object.fromEntries(names.map((one) => [one, masked(value[one], one)]))
}

/** How many elements each list has. */
function countsOf(lists: Record<string, unknown>): unknown {
  const paths = Object.keys(lists).sort()
  return paths.map((path) => `${path}: ${(lists[path] as readonly unknown[]).length}`) // both servers give lists
}

/** Buckets: how many sessions are in each that is not empty. Else the paths. */
function elements(value: unknown, name: string): string {
  const list = Array.isArray(value) ? value : []
  return name.startsWith('expiry') ? (list.length === 0 ? '' : `${list.length}`) : list.map(String).sort().join()
}

function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  return value === null ? null : `(${typeof value})`
}

/** The first line in which two texts differ; null if they are equal. */
export function difference(reference: string, ours: string): string | null {
  if (reference === ours) return null
  const [theirLines, ourLines] = [reference.split('\n'), ours.split('\n')]
  const at = theirLines.findIndex((line, index) => line !== ourLines[index])
  const around = (lines: readonly string[]): string => lines.slice(Math.max(0, at - 1), at + 3).join(' ')
  return `Apache: ${around(theirLines)} | zoonode: ${around(ourLines)}`
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
