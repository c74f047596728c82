import type { EventCollector } from './event-collector.ts'

/**
 * The events of one path, packed: for each, as varints (little-endian groups of seven bits): zxid behind the one before,
 * time behind the one before (zigzag), session's number in the segment, kind, bytes, version (zigzag).
 */

export interface PackedEvent {
  /** Behind the first zxid of the segment. */
  readonly zxidOffset: number
  readonly timeMs: number
  readonly session: number
  readonly kind: number
  readonly bytes: number
  readonly version: number
}

const EVENT_BYTES_MAX = 8 + 8 + 5 + 1 + 5 + 5
const SCRATCH_BYTES = 64 * 1024

/**
 * Path by path; a body is valid until the next one.
 *
 * @param pathIds in the order in which they are wanted
 */
export function* packEvents(
  events: EventCollector,
  pathIds: Int32Array
): Generator<{ readonly path: string; readonly body: Buffer }> {
  const { order, starts } = sortedByPath(events)
  let scratch = Buffer.allocUnsafe(SCRATCH_BYTES)
  for (const id of pathIds) {
    const path = events.paths[id] ?? ''
    const [from = 0, to = 0] = [starts[id], starts[id + 1]]
    const needed = (to - from) * EVENT_BYTES_MAX
    if (scratch.length < needed) scratch = Buffer.allocUnsafe(needed)
    let at = 0
    let [zxid, time] = [0, 0]
    for (let index = from; index < to; index++) {
      const event = order[index] ?? 0
      const nextZxid = events.zxidOffset[event] ?? 0
      const nextTime = events.timeMs[event] ?? 0
      at = putVarint(scratch, at, nextZxid - zxid)
      at = putVarint(scratch, at, zigzag(nextTime - time))
      at = putVarint(scratch, at, events.sessionOf[event] ?? 0)
      at = putVarint(scratch, at, events.kind[event] ?? 0)
      at = putVarint(scratch, at, events.bytes[event] ?? 0)
      at = putVarint(scratch, at, zigzag(events.version[event] ?? 0))
      zxid = nextZxid
      time = nextTime
    }
    yield { path, body: scratch.subarray(0, at) }
  }
}

export function* unpackEvents(body: Buffer): Generator<PackedEvent> {
  const reader = { at: 0 }
  let [zxidOffset, timeMs] = [0, 0]
  while (reader.at < body.length) {
    zxidOffset += takeVarint(body, reader)
    timeMs += unzigzag(takeVarint(body, reader))
    const session = takeVarint(body, reader)
    const kind = takeVarint(body, reader)
    const bytes = takeVarint(body, reader)
    const version = unzigzag(takeVarint(body, reader))
    yield { zxidOffset, timeMs, session, kind, bytes, version }
  }
}

/** Numbers of paths in the order of these as texts, by UTF-16 units. */
export function pathOrder(paths: readonly string[]): Int32Array {
  const ids = Int32Array.from(paths, (_, id) => id)
  return ids.sort((one, other) => ((paths[one] ?? '') < (paths[other] ?? '') ? -1 : 1))
}

/** By counting; events of a path stay in the order of the log. */
function sortedByPath({ paths, eventCount, pathOf }: EventCollector): { order: Int32Array; starts: Int32Array } {
  const starts = new Int32Array(paths.length + 1)
  for (let event = 0; event < eventCount; event++) {
    const id = pathOf[event] ?? 0
    starts[id + 1] = (starts[id + 1] ?? 0) + 1
  }
  for (let id = 0; id < paths.length; id++) starts[id + 1] = (starts[id + 1] ?? 0) + (starts[id] ?? 0)
  const next = starts.slice()
  const order = new Int32Array(eventCount)
  for (let event = 0; event < eventCount; event++) {
    const id = pathOf[event] ?? 0
    const place = next[id] ?? 0
    order[place] = event
    next[id] = place + 1
  }
  return { order, starts }
}

/** Of a whole number from 0 to 2^53 - 1. Returns where the next one goes. */
export function putVarint(into: Buffer, at: number, value: number): number {
  let rest = value
  let place = at
  while (rest >= 0x80) {
    into[place++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  into[place++] = rest
  return place
}

export function takeVarint(from: Buffer, reader: { at: number }): number {
  let value = 0
  for (let factor = 1; ; factor *= 0x80) {
    const byte = from[reader.at++] ?? 0
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return value
  }
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}
