import type { Stat, StatPersisted } from '../../protocol/generated/data.ts'
import type { AclEntry } from './acl-table.ts'
import type { OwnerKind } from './owner-kind.ts'

/**
 * One znode of the plain tree: an object whose stat fields are those of StatPersisted, so that it can be given wherever
 * one is read.
 *
 * Data is kept as a string of one byte per character. perf: bench/tree.ts; a Buffer per node costs some 200 bytes more,
 * and the collector looks after each of them.
 * Children hang on a list through their siblings. perf: neither a Set per node nor a string per name; a name is the end
 * of its path.
 */
export class PlainNode implements StatPersisted {
  readonly handle: number
  /** Empty for the root. */
  readonly path: string
  data: string | null
  acl: AclEntry
  parent: PlainNode | null
  firstChild: PlainNode | null = null
  next: PlainNode | null = null
  previous: PlainNode | null = null
  childCount = 0
  kind: OwnerKind
  // All numbers are int32, which V8 keeps inside the object: of the unsigned ones the signed form.
  prefixCrc = 0
  digest = 0
  czxidHi = 0
  czxidLo = 0
  mzxidHi = 0
  mzxidLo = 0
  ctimeHi = 0
  ctimeLo = 0
  mtimeHi = 0
  mtimeLo = 0
  version = 0
  cversion = 0
  aversion = 0
  ephemeralOwnerHi = 0
  ephemeralOwnerLo = 0
  pzxidHi = 0
  pzxidLo = 0

  constructor(handle: number, path: string, data: string | null, acl: AclEntry, parent: PlainNode | null) {
    this.handle = handle
    this.path = path
    this.data = data
    this.acl = acl
    this.parent = parent
    this.kind = 'none'
  }
}

/** Puts a new node in front of its parent's children. */
export function linkChild(parent: PlainNode, child: PlainNode): void {
  const first = parent.firstChild
  child.next = first
  if (first !== null) first.previous = child
  parent.firstChild = child
  parent.childCount++
}

export function unlinkChild(parent: PlainNode, child: PlainNode): void {
  if (child.previous === null) parent.firstChild = child.next
  else child.previous.next = child.next
  if (child.next !== null) child.next.previous = child.previous
  child.next = child.previous = null
  parent.childCount--
}

/** The stat as clients see it: creates and deletes of children in one counter, no owner but a session. */
export function shownStat(node: PlainNode): Stat {
  const isOwned = node.kind === 'session'
  return {
    czxidHi: node.czxidHi,
    czxidLo: node.czxidLo,
    mzxidHi: node.mzxidHi,
    mzxidLo: node.mzxidLo,
    ctimeHi: node.ctimeHi,
    ctimeLo: node.ctimeLo,
    mtimeHi: node.mtimeHi,
    mtimeLo: node.mtimeLo,
    version: node.version,
    cversion: shownCversion(node),
    aversion: node.aversion,
    ephemeralOwnerHi: isOwned ? node.ephemeralOwnerHi : 0,
    ephemeralOwnerLo: isOwned ? node.ephemeralOwnerLo : 0,
    dataLength: node.data === null ? 0 : node.data.length,
    numChildren: node.childCount,
    pzxidHi: node.pzxidHi,
    pzxidLo: node.pzxidLo
  }
}

function shownCversion(node: PlainNode): number {
  return (2 * node.cversion - node.childCount) | 0
}

/** One byte per character; what `PlainNode.data` holds. */
export function bytesAsText(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return buffer.toString('latin1')
}
