import type { Blob } from './wire/wire-writer.ts'
import { WireWriter } from './wire/wire-writer.ts'

export interface AclEntry {
  readonly perms: number
  readonly scheme: Blob
  readonly id: Blob
}

/** One field of a request: what its kind in REQUEST_FIELDS says. */
export type FieldValue =
  | Blob
  | number
  | readonly AclEntry[]
  | readonly Blob[]
  | readonly Request[]
  /** A zxid: that many before the last one seen by the side that sends. */
  | { readonly zxidsBack: number }

/** Damage done to a body after it was encoded properly. */
export interface Mangle {
  /** Overwrites these bytes. */
  readonly patches?: readonly { readonly at: number; readonly hex: string }[]
  /** Cuts that many bytes off the end. */
  readonly cut?: number
  /** Appends these bytes. */
  readonly append?: string
}

/** One request, as plain JSON. `xid` is the connection's next when absent; `body` replaces the fields of unknown types. */
export interface Request {
  readonly op: number
  readonly xid?: number
  readonly fields?: Readonly<Record<string, FieldValue>>
  readonly body?: string
  readonly mangle?: Mangle
}

/** What the sending side must supply: values that differ between servers. */
export interface EncodeContext {
  readonly lastZxid: bigint
}

type FieldKind = 'blob' | 'int' | 'long' | 'byte' | 'acl' | 'blobs' | 'multi' | 'zxid'
type Schema = readonly (readonly [name: string, kind: FieldKind])[]

const CREATE: Schema = [
  ['path', 'blob'],
  ['data', 'blob'],
  ['acl', 'acl'],
  ['flags', 'int']
]
const PATH: Schema = [['path', 'blob']]
const PATH_VERSION: Schema = [
  ['path', 'blob'],
  ['version', 'int']
]
const PATH_WATCH: Schema = [
  ['path', 'blob'],
  ['watch', 'byte']
]
const PATH_KIND: Schema = [
  ['path', 'blob'],
  ['kind', 'int']
]
const SET_WATCHES: Schema = [
  ['relativeZxid', 'zxid'],
  ['data', 'blobs'],
  ['exist', 'blobs'],
  ['child', 'blobs']
]

/** Fields of each request type, in the order of the wire. */
export const REQUEST_FIELDS: Readonly<Record<number, Schema>> = {
  1: CREATE,
  2: PATH_VERSION,
  3: PATH_WATCH,
  4: PATH_WATCH,
  5: [
    ['path', 'blob'],
    ['data', 'blob'],
    ['version', 'int']
  ],
  6: PATH,
  7: [
    ['path', 'blob'],
    ['acl', 'acl'],
    ['version', 'int']
  ],
  8: PATH_WATCH,
  9: PATH,
  11: [],
  12: PATH_WATCH,
  13: PATH_VERSION,
  14: [['ops', 'multi']],
  15: CREATE,
  16: [
    ['joining', 'blob'],
    ['leaving', 'blob'],
    ['newMembers', 'blob'],
    ['configVersion', 'long']
  ],
  17: PATH_KIND,
  18: PATH_KIND,
  19: CREATE,
  20: PATH,
  21: [...CREATE, ['ttl', 'long']],
  22: [['ops', 'multi']],
  100: [
    ['authType', 'int'],
    ['scheme', 'blob'],
    ['auth', 'blob']
  ],
  101: SET_WATCHES,
  102: [['token', 'blob']],
  103: PATH,
  104: PATH,
  105: [...SET_WATCHES, ['persistent', 'blobs'], ['recursive', 'blobs']],
  106: PATH_KIND,
  107: [],
  [-11]: []
}

/** Body of the request (no RequestHeader), with its mangling done. */
export function encodeBody(request: Request, context: EncodeContext): Buffer {
  const writer = new WireWriter()
  if (request.body !== undefined) writer.raw(Buffer.from(request.body, 'hex'))
  else writeFields(writer, request, context)
  return applyMangle(writer.take(), request.mangle)
}

/** Payload of a frame: RequestHeader and body. */
export function encodeRequest(request: Request, xid: number, context: EncodeContext): Buffer {
  return new WireWriter().int(xid).int(request.op).raw(encodeBody(request, context)).take()
}

function writeFields(writer: WireWriter, request: Request, context: EncodeContext): void {
  for (const [name, kind] of REQUEST_FIELDS[request.op] ?? []) {
    writeField(writer, kind, request.fields?.[name] ?? null, context)
  }
}

// The casts below are checked by construction: the generator and REQUEST_FIELDS agree, and files are its output.
function writeField(writer: WireWriter, kind: FieldKind, value: FieldValue, context: EncodeContext): void {
  switch (kind) {
    case 'blob':
      writer.blob(value as Blob)
      return
    case 'int':
      writer.int(Number(value))
      return
    case 'byte':
      writer.byte(Number(value))
      return
    case 'long':
      writer.long(BigInt(value as string | number))
      return
    case 'zxid':
      writer.long(absoluteZxid(value, context))
      return
    case 'blobs':
      writer.vector(value as readonly Blob[] | null, (item) => writer.blob(item))
      return
    case 'acl':
      writer.vector(value as readonly AclEntry[] | null, (entry) =>
        writer.int(entry.perms).blob(entry.scheme).blob(entry.id)
      )
      return
    case 'multi':
      for (const part of value as readonly Request[]) {
        writer.int(part.op).byte(0).int(-1)
        writer.raw(encodeBody(part, context))
      }
      writer.int(-1).byte(1).int(-1)
      return
  }
}

function absoluteZxid(value: FieldValue, context: EncodeContext): bigint {
  if (value === null || typeof value !== 'object' || !('zxidsBack' in value)) return BigInt(value as string | number)
  return context.lastZxid - BigInt(value.zxidsBack)
}

function applyMangle(body: Buffer, mangle: Mangle | undefined): Buffer {
  if (mangle === undefined) return body
  for (const { at, hex } of mangle.patches ?? []) {
    const bytes = Buffer.from(hex, 'hex')
    if (at >= 0 && at + bytes.length <= body.length) bytes.copy(body, at)
  }
  const cut = body.subarray(0, Math.max(0, body.length - (mangle.cut ?? 0)))
  return mangle.append === undefined ? cut : Buffer.concat([cut, Buffer.from(mangle.append, 'hex')])
}
