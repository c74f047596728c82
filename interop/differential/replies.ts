import { operationName } from './operation-names.ts'
import { WireReader } from './wire/wire-reader.ts'

/** A decoded value in the form in which two servers are compared: plain JSON, nothing in it that may differ rightly. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain }

/** A Stat as it came, for checks of one server's times against its own zxids. */
export interface SeenStat {
  readonly czxid: bigint
  readonly mzxid: bigint
  readonly ctime: bigint
  readonly mtime: bigint
}

/** What decoding needs to know of the side that the bytes came from. */
export interface ReplyContext {
  /** The run's name of a session id, or null for an id that the run did not make. */
  sessionName(id: bigint): string | null
  /** Called for each Stat. */
  stat(stat: SeenStat): void
}

export interface Reply {
  readonly kind: 'reply'
  readonly op: string
  readonly xid: number
  readonly zxid: number
  readonly err: number
  readonly body: Plain
}

export interface Event {
  readonly kind: 'event'
  readonly zxid: number
  readonly err: number
  readonly type: number
  readonly state: number
  readonly path: string | null
}

type BodyReader = (reader: WireReader, context: ReplyContext) => Plain

const stat: BodyReader = (reader, context) => readStat(reader, context)
const path: BodyReader = (reader) => ({ path: reader.text() })
const names: BodyReader = (reader) => sortedTexts(reader)
const nothing: BodyReader = () => null
const created: BodyReader = (reader, context) => ({ path: reader.text(), stat: readStat(reader, context) })
const data: BodyReader = (reader, context) => ({ data: reader.hex(), stat: readStat(reader, context) })

const BODIES: Readonly<Record<number, BodyReader>> = {
  1: path,
  2: nothing,
  3: stat,
  4: data,
  5: stat,
  6: (reader, context) => ({ acl: readAcl(reader), stat: readStat(reader, context) }),
  7: stat,
  8: names,
  9: path,
  11: nothing,
  12: (reader, context) => ({ children: sortedTexts(reader), stat: readStat(reader, context) }),
  13: nothing,
  14: readResults,
  15: created,
  16: data,
  17: nothing,
  18: nothing,
  19: created,
  20: nothing,
  21: created,
  22: readResults,
  100: nothing,
  101: nothing,
  102: (reader) => ({ token: reader.hex() }),
  103: names,
  104: (reader) => reader.int(),
  105: nothing,
  106: (reader) => reader.int(),
  107: (reader) =>
    sorted(reader.vector(() => ({ scheme: reader.text(), user: reader.text() })) as readonly Plain[] | null),
  [-1]: (reader) => reader.int(),
  [-11]: nothing
}

/** True for a frame that is a watch event and not an answer. */
export function isEventFrame(payload: Buffer): boolean {
  return payload.length >= 16 && payload.readInt32BE(0) === -1
}

/** Decodes a watch event. */
export function decodeEvent(payload: Buffer): Event {
  const reader = new WireReader(payload)
  reader.int()
  const zxid = Number(reader.long())
  const err = reader.int()
  return { kind: 'event', zxid, err, type: reader.int(), state: reader.int(), path: reader.text() }
}

/** Decodes the answer to a request of type `op`. Bytes that do not fit appear in the body as `undecodable` or `trailing`. */
export function decodeReply(op: number, payload: Buffer, context: ReplyContext): Reply {
  if (payload.length < 16) {
    return {
      kind: 'reply',
      op: operationName(op),
      xid: 0,
      zxid: 0,
      err: 0,
      body: { undecodable: payload.toString('hex') }
    }
  }
  const reader = new WireReader(payload)
  const xid = reader.int()
  const zxid = Number(reader.long())
  const err = reader.int()
  return { kind: 'reply', op: operationName(op), xid, zxid, err, body: decodeReplyBody(op, err, reader, context) }
}

function decodeReplyBody(op: number, err: number, reader: WireReader, context: ReplyContext): Plain {
  if (reader.left === 0 && err !== 0) return null
  const read = BODIES[op]
  const start = reader.offset
  if (read === undefined) return { undecodable: reader.bytes.toString('hex', start) }
  try {
    const body = read(reader, context)
    return reader.left === 0 ? body : { body, trailing: reader.bytes.toString('hex', reader.offset) }
  } catch (error) {
    return { undecodable: reader.bytes.toString('hex', start), why: String(error) }
  }
}

function readStat(reader: WireReader, context: ReplyContext): Plain {
  const czxid = reader.long()
  const mzxid = reader.long()
  const ctime = reader.long()
  const mtime = reader.long()
  const version = reader.int()
  const cversion = reader.int()
  const aversion = reader.int()
  const owner = reader.long()
  const dataLength = reader.int()
  const numChildren = reader.int()
  const pzxid = reader.long()
  context.stat({ czxid, mzxid, ctime, mtime })
  return {
    czxid: Number(czxid),
    mzxid: Number(mzxid),
    pzxid: Number(pzxid),
    ctime: ctime === 0n ? 'zero' : 'set',
    mtime: mtime === 0n ? 'zero' : 'set',
    version,
    cversion,
    aversion,
    owner: owner === 0n ? 0 : (context.sessionName(owner) ?? `0x${BigInt.asUintN(64, owner).toString(16)}`),
    dataLength,
    numChildren
  }
}

function readResults(reader: WireReader, context: ReplyContext): Plain {
  const results: Plain[] = []
  for (;;) {
    const type = reader.int()
    const done = reader.byte()
    const err = reader.int()
    if (done !== 0) return { results, end: { type, done, err } }
    const read = BODIES[type]
    if (read === undefined) throw new Error(`result of type ${type}`)
    results.push({ type, err, result: read(reader, context) })
  }
}

interface SeenAcl {
  readonly [key: string]: Plain
  readonly perms: number
  readonly scheme: string | null
  readonly id: string | null
}

/**
 * An ACL list. The scheme auth expands to the connection's ids in no defined order, so a run of neighbours with equal
 * perms is sorted; the order of all else counts.
 */
function readAcl(reader: WireReader): Plain {
  const entries = reader.vector((): SeenAcl => ({ perms: reader.int(), scheme: reader.text(), id: reader.text() }))
  if (entries === null) return null
  const out: SeenAcl[] = []
  for (let start = 0; start < entries.length; ) {
    let end = start
    while (end < entries.length && entries[end]?.perms === entries[start]?.perms) end++
    out.push(...entries.slice(start, end).sort((a, b) => compareTexts(JSON.stringify(a), JSON.stringify(b))))
    start = end
  }
  return out
}

function sortedTexts(reader: WireReader): Plain {
  return sorted(reader.vector(() => reader.text()))
}

function sorted(list: readonly Plain[] | null): Plain {
  return list === null ? null : [...list].sort((a, b) => compareTexts(JSON.stringify(a), JSON.stringify(b)))
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
