import type { JuteReader } from 'jute-ts'
import {
  decodeErrorResponse,
  decodeGetChildrenResponse,
  decodeGetDataResponse,
  decodeMultiHeader,
  encodeGetChildrenRequest,
  encodeGetDataRequest,
  encodeMultiHeader
} from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { NodePath } from '../chroot.ts'
import { MarshallingError, type ZkError } from '../errors.ts'
import type { Request } from '../request.ts'
import { type Stat, statOf } from '../stat.ts'
import { errorOfWire } from '../wire-error.ts'
import { names } from './children.ts'
import { ownData } from './data.ts'
import { END_OF_MULTI } from './multi.ts'

/** One read of several that go to the server together. */
export interface ReadOperation {
  readonly kind: 'getData' | 'getChildren'
  readonly path: string
}

/** What one read found; a read that fails does not disturb the others. */
export type ReadResult =
  | { readonly kind: 'getData'; readonly data: Buffer | null; readonly stat: Stat }
  | { readonly kind: 'getChildren'; readonly children: string[] }
  | { readonly kind: 'error'; readonly error: ZkError }

/** A read, ready to be written. */
export interface LocatedRead {
  readonly kind: ReadOperation['kind']
  readonly path: NodePath
}

/** Several reads of one state of the tree. No watches can be set by it. */
export function multiReadRequest(reads: readonly LocatedRead[]): Request<ReadResult[]> {
  return {
    opCode: OpCode.multiRead,
    path: null,
    encodeBody: (writer) => {
      for (const { kind, path } of reads) {
        encodeMultiHeader(writer, { type: OpCode[kind], done: false, err: -1 })
        const encode = kind === 'getData' ? encodeGetDataRequest : encodeGetChildrenRequest
        encode(writer, { path: path.server, watch: false })
      }
      encodeMultiHeader(writer, END_OF_MULTI)
    },
    decodeBody: (reader) => {
      const results: ReadResult[] = []
      for (let header = decodeMultiHeader(reader); !header.done; header = decodeMultiHeader(reader)) {
        results.push(decodeResult(reader, header.type, reads[results.length]?.path.client ?? null))
      }
      if (results.length !== reads.length) {
        throw new MarshallingError(`${reads.length} reads were sent, ${results.length} results came`)
      }
      return results
    }
  }
}

function decodeResult(reader: JuteReader, type: number, path: string | null): ReadResult {
  switch (type) {
    case OpCode.getData: {
      const { data, stat } = decodeGetDataResponse(reader)
      return { kind: 'getData', data: ownData(data), stat: statOf(stat) }
    }
    case OpCode.getChildren:
      return { kind: 'getChildren', children: names(decodeGetChildrenResponse(reader).children) }
    case OpCode.error:
      return { kind: 'error', error: errorOfWire(decodeErrorResponse(reader).err, path) }
    default:
      throw new MarshallingError(`a read's result has the unknown type ${type}`)
  }
}
