import type { JuteWriter } from 'jute-ts'
import { encodeSetWatches, encodeSetWatches2, type SetWatches2 } from '../protocol/generated/proto.ts'
import { OpCode } from '../protocol/op-code.ts'
import { WATCH_TABLES, type WatchRegistry, type WatchTable } from './watch-registry.ts'

/** Most bytes of paths in one request, as in Apache's client: far below any server's frame limit. */
export const SET_WATCHES_SIZE_BYTES_MAX = 128 * 1024

/** One request that sets watches again. */
export interface SetWatchesRequest {
  readonly opCode: OpCode
  encodeBody(writer: JuteWriter): void
}

const FIELDS: Readonly<Record<WatchTable, Exclude<keyof SetWatches2, 'relativeZxidHi' | 'relativeZxidLo'>>> = {
  data: 'dataWatches',
  exist: 'existWatches',
  child: 'childWatches',
  persistent: 'persistentWatches',
  persistentRecursive: 'persistentRecursiveWatches'
}

/**
 * The requests that set all watches of a client on a new connection. The server answers what has changed since the given
 * zxid by events at once. Requests without persistent watches are of the older type, which every server knows.
 */
export function* setWatchesRequests(
  registry: WatchRegistry,
  zxidHi: number,
  zxidLo: number
): IterableIterator<SetWatchesRequest> {
  let paths = emptyLists()
  let sizeBytes = 0
  for (const table of WATCH_TABLES) {
    for (const path of registry.paths(table)) {
      const pathSizeBytes = 4 + Buffer.byteLength(path)
      if (sizeBytes > 0 && sizeBytes + pathSizeBytes > SET_WATCHES_SIZE_BYTES_MAX) {
        yield request(paths, zxidHi, zxidLo)
        paths = emptyLists()
        sizeBytes = 0
      }
      paths[table].push(path)
      sizeBytes += pathSizeBytes
    }
  }
  if (sizeBytes > 0) yield request(paths, zxidHi, zxidLo)
}

type PathLists = Record<WatchTable, string[]>

function emptyLists(): PathLists {
  return { data: [], exist: [], child: [], persistent: [], persistentRecursive: [] }
}

function request(paths: PathLists, relativeZxidHi: number, relativeZxidLo: number): SetWatchesRequest {
  const record: SetWatches2 = {
    relativeZxidHi,
    relativeZxidLo,
    dataWatches: null,
    existWatches: null,
    childWatches: null,
    persistentWatches: null,
    persistentRecursiveWatches: null
  }
  for (const table of WATCH_TABLES) record[FIELDS[table]] = paths[table]
  return paths.persistent.length + paths.persistentRecursive.length === 0
    ? { opCode: OpCode.setWatches, encodeBody: (writer) => encodeSetWatches(writer, record) }
    : { opCode: OpCode.setWatches2, encodeBody: (writer) => encodeSetWatches2(writer, record) }
}
