import { accessSync, constants } from 'node:fs'
import { basename } from 'node:path'
import type { DataTree } from '../../core/tree/data-tree.ts'
import type { SnapshotSession } from '../../core/tree/snapshot.ts'
import { highWord, lowWord } from '../../protocol/int64.ts'
import {
  type ApacheSnapshotFile,
  type Compression,
  snapshotFileAt
} from '../../storage/apache-files/apache-directory.ts'
import { readSnapshot } from '../../storage/apache-files/read-snapshot.ts'
import { isSqliteFile } from '../../storage/segment-file.ts'
import { SnapshotFileReader } from '../../storage/snapshot-file.ts'
import { toStorageError } from '../../storage/storage-error.ts'
import { newState, type State } from '../migrate/state.ts'
import { ToolError } from '../tool-error.ts'
import { inOrderOfHashSet, inOrderOfSessionMap } from './java-order.ts'

/** A snapshot of either server in memory. */
export interface LoadedSnapshot {
  readonly fileName: string
  /** Of the file's name; -1 where it tells none. */
  readonly zxid: bigint
  readonly tree: State['tree']
  /** Tree digest as the file says, unsigned; null where it says none. */
  readonly digest: bigint | null
  readonly sessions: readonly SnapshotSession[]
  /** Names of a node's children in the order in which the tools show them: of a file of Apache's, that of its own tools. */
  readonly childrenOf: (node: number) => string[]
}

const EXIT_UNEXPECTED = 1

/**
 * Reads a snapshot file of ours (`snapshot.HEX.db`), or one of Apache's under any name, whose ending tells how it is packed.
 *
 * @throws ToolError when it is not there; StorageError DAMAGED, INCOMPLETE, IO_ERROR
 */
export async function loadSnapshot(path: string): Promise<LoadedSnapshot> {
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    throw new ToolError(`${path} does not exist or cannot be read`, EXIT_UNEXPECTED, { cause: error })
  }
  return isSqliteFile(path) ? loadOurs(path) : loadApache(path)
}

function loadOurs(path: string): LoadedSnapshot {
  const fileName = basename(path)
  const [, hex] = /^snapshot\.([0-9a-f]{1,16})\.db$/.exec(fileName) ?? []
  if (hex === undefined) {
    throw new ToolError(`${path}: a snapshot of zoonode is called snapshot.HEX.db, after its zxid`, EXIT_UNEXPECTED)
  }
  const zxid = BigInt(`0x${hex}`)
  const { tree } = newState()
  const loader = tree.loadSnapshot(highWord(zxid), lowWord(zxid))
  let digest: bigint | null = null
  try {
    const reader = SnapshotFileReader.open(path, zxid)
    try {
      digest = reader.summary.digest === 0n ? null : reader.summary.digest
      for (let chunk = reader.next(); chunk !== null; chunk = reader.next()) loader.push(chunk)
    } finally {
      reader.close()
    }
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
  if (!loader.done) throw new ToolError(`${path} ends before its last znode`, EXIT_UNEXPECTED)
  const childrenOf = (node: number): string[] => sortedChildren(tree, node)
  return { fileName, zxid, tree, digest, sessions: loader.sessions, childrenOf }
}

async function loadApache(path: string): Promise<LoadedSnapshot> {
  const file = snapshotFileAt(path) ?? fileOfAnyName(path)
  const { tree } = newState()
  const loader = tree.loadSnapshot(highWord(file.zxid), lowWord(file.zxid))
  const { digest } = await readSnapshot(file, loader)
  return {
    fileName: basename(path),
    zxid: file.zxid,
    tree,
    digest: digest === null ? null : BigInt.asUintN(64, digest.digest),
    sessions: inOrderOfSessionMap(loader.sessions),
    // The tree has the newest child first.
    childrenOf: (node) => inOrderOfHashSet([...tree.children(node)].reverse())
  }
}

function fileOfAnyName(path: string): ApacheSnapshotFile {
  const ending = path.slice(path.lastIndexOf('.') + 1)
  const compression: Compression = ending === 'gz' || ending === 'snappy' ? ending : 'none'
  return { path, zxid: -1n, compression }
}

/** Names of a node's children in alphabetical order. */
export function sortedChildren(tree: DataTree, node: number): string[] {
  return [...tree.children(node)].sort()
}

export function childPath(path: string, name: string): string {
  return path === '/' ? `/${name}` : `${path}/${name}`
}
