import { formatJavaDate } from '../../cli/java-date.ts'
import type { DataTree } from '../../core/tree/data-tree.ts'
import { emptyStat } from '../../core/tree/empty-stat.ts'
import type { StatPersisted } from '../../protocol/generated/data.ts'
import { toBigInt, toNumber } from '../../protocol/int64.ts'
import { MinuteCache } from '../minute-cache.ts'
import type { TextOutput } from '../text-output.ts'
import { childPath, type LoadedSnapshot } from './load-snapshot.ts'

/** A snapshot as text or JSON, in the forms of upstream's `SnapshotFormatter`. */

const INODE_BEFORE_FIRST = 1000
/** Digits of a number behind its `0x`, unless it needs more. */
const HEX_DIGITS = 14

/** Every znode with its stored Stat, then the sessions. */
export function printDetails(
  { tree, sessions, zxid, childrenOf }: LoadedSnapshot,
  options: { readonly isDumpingData: boolean; readonly zone: string },
  out: TextOutput
): void {
  // compat: upstream's table has the root twice, as "" and as "/".
  out.write(`ZNode Details (count=${tree.nodeCount + 1}):\n`)
  const times = new MinuteCache((timeMs) => formatJavaDate(timeMs, options.zone))
  let greatest = zxid
  const print = (path: string): void => {
    const node = tree.find(path)
    const stat = statOf(tree, node)
    out.write(`----\n${path}\n${statText(stat, times)}`)
    const data = tree.data(node)
    if (options.isDumpingData) out.write(`  data = ${Buffer.from(data ?? []).toString('base64')}\n`)
    else out.write(`  dataLength = ${data?.length ?? 0}\n`)
    for (const zxidOfNode of [toBigInt(stat.mzxidHi, stat.mzxidLo), toBigInt(stat.pzxidHi, stat.pzxidLo)]) {
      if (zxidOfNode > greatest) greatest = zxidOfNode
    }
    for (const name of childrenOf(node)) print(childPath(path, name))
  }
  print('/')
  out.write('----\nSession Details (sid, timeout, ephemeralCount):\n')
  for (const { idHi, idLo, timeoutMs } of sessions) {
    out.write(`${hex(idHi, idLo)}, ${timeoutMs}, ${tree.ephemeralsOf(idHi, idLo).size}\n`)
  }
  out.write(`----\nLast zxid: 0x${BigInt.asUintN(64, greatest).toString(16)}\n`)
}

/** Names and sizes as nested arrays, which `ncdu -f` reads. */
export function printJson({ tree, childrenOf }: LoadedSnapshot, timestampMs: number, out: TextOutput): void {
  let inode = INODE_BEFORE_FIRST
  out.write(`[1,0,{"progname":"SnapshotFormatter.java","progver":"0.01","timestamp":${timestampMs}}`)
  const print = (path: string, name: string): void => {
    const node = tree.find(path)
    const size = tree.dataLength(node)
    const entry = JSON.stringify({ name, asize: size, dsize: size, dev: 0, ino: ++inode })
    const names = childrenOf(node)
    out.write(names.length > 0 ? `,[${entry}` : `,${entry}`)
    for (const child of names) print(childPath(path, child), child)
    if (names.length > 0) out.write(']')
  }
  print('/', '/')
  out.write(']')
}

function statOf(tree: DataTree, node: number): StatPersisted {
  const stat = emptyStat()
  tree.readStat(node, stat)
  return stat
}

function statText(stat: StatPersisted, times: MinuteCache): string {
  const lines = [
    `cZxid = ${hex(stat.czxidHi, stat.czxidLo)}`,
    `ctime = ${times.text(toNumber(stat.ctimeHi, stat.ctimeLo))}`,
    `mZxid = ${hex(stat.mzxidHi, stat.mzxidLo)}`,
    `mtime = ${times.text(toNumber(stat.mtimeHi, stat.mtimeLo))}`,
    `pZxid = ${hex(stat.pzxidHi, stat.pzxidLo)}`,
    `cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}`,
    `aclVersion = ${stat.aversion}`,
    `ephemeralOwner = ${hex(stat.ephemeralOwnerHi, stat.ephemeralOwnerLo)}`
  ]
  return lines.map((line) => `  ${line}\n`).join('')
}

function hex(hi: number, lo: number): string {
  return `0x${BigInt.asUintN(64, toBigInt(hi, lo)).toString(16).padStart(HEX_DIGITS, '0')}`
}
