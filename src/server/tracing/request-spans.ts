import { operationName, type SlowRequest, type SlowStage } from '../../core/pipeline/slow-requests.ts'
import { toHex } from '../../protocol/int64.ts'

/** A value of an attribute in OTLP's JSON: 64-bit numbers are text there. */
export type AnyValue =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly boolValue: boolean }

export interface KeyValue {
  readonly key: string
  readonly value: AnyValue
}

/** A span in OTLP's JSON: ids in hex, times in ns since 1970 as text. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly KeyValue[]
}

/** Makes the ids of spans and traces. */
export type NewId = (bytes: 8 | 16) => string

const KIND_INTERNAL = 1
const KIND_SERVER = 2
/** In the order of time: what a client does not take comes before anything is done with the request. */
const STAGES: readonly SlowStage[] = ['send', 'queue', 'prepare', 'log', 'quorum', 'apply']

/**
 * A request as a trace: a span for all of it, and one below it for each stage that took a millisecond or more. The stages
 * follow one another without gaps.
 *
 * @param slowMs from how long on it is slow; null: none is
 */
export function spansOf(request: SlowRequest, slowMs: number | null, newId: NewId): Span[] {
  const { type, stagesMs, totalMs, wallMs, peer } = request
  const traceId = newId(16)
  const rootId = newId(8)
  // What is known is when the step began in which it was applied and answered.
  const endMs = wallMs + stagesMs.apply
  let atMs = endMs - totalMs
  const root: Span = {
    traceId,
    spanId: rootId,
    name: operationName(type),
    kind: KIND_SERVER,
    startTimeUnixNano: nanoseconds(atMs),
    endTimeUnixNano: nanoseconds(endMs),
    attributes: attributesOf(request, slowMs)
  }
  const spans = [root]
  for (const stage of STAGES) {
    const durationMs = stagesMs[stage]
    if (durationMs === 0) continue
    spans.push({
      traceId,
      spanId: newId(8),
      parentSpanId: rootId,
      name: stage,
      kind: KIND_INTERNAL,
      startTimeUnixNano: nanoseconds(atMs),
      endTimeUnixNano: nanoseconds(atMs + durationMs),
      attributes: stage === 'quorum' && peer !== null ? [integer('zookeeper.peer', peer)] : []
    })
    atMs += durationMs
  }
  return spans
}

function attributesOf(request: SlowRequest, slowMs: number | null): KeyValue[] {
  const { type, path, sessionHi, sessionLo, address, xid, zxidHi, zxidLo, stage, totalMs } = request
  const attributes = [
    string('zookeeper.operation', operationName(type)),
    string('zookeeper.session.id', `0x${toHex(sessionHi, sessionLo)}`),
    integer('zookeeper.xid', xid),
    string('zookeeper.longest_stage', stage),
    { key: 'zookeeper.slow', value: { boolValue: slowMs !== null && totalMs >= slowMs } },
    string('client.address', address)
  ]
  if (path !== null) attributes.push(string('zookeeper.path', path))
  if (zxidHi !== 0 || zxidLo !== 0) attributes.push(string('zookeeper.zxid', `0x${toHex(zxidHi, zxidLo)}`))
  return attributes
}

/** Text that UTF-8 cannot hold is written so that it can: collectors refuse the rest of the batch with it. */
export function string(key: string, text: string): KeyValue {
  const isPlain = !/[\ud800-\udfff]/.test(text)
  return { key, value: { stringValue: isPlain ? text : Buffer.from(text).toString() } }
}

export function integer(key: string, value: number): KeyValue {
  return { key, value: { intValue: String(value) } }
}

function nanoseconds(ms: number): string {
  return `${Math.round(ms)}000000`
}
