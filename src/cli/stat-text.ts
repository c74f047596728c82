import type { Stat } from '../client/stat.ts'
import { formatJavaDate } from './java-date.ts'

/**
 * The eleven lines that the shell shows for a Stat.
 *
 * @param zone name of the time zone for its times
 */
export function formatStat(stat: Stat, zone: string): string {
  return [
    `cZxid = 0x${hex(stat.czxid)}`,
    `ctime = ${formatJavaDate(stat.ctime, zone)}`,
    `mZxid = 0x${hex(stat.mzxid)}`,
    `mtime = ${formatJavaDate(stat.mtime, zone)}`,
    `pZxid = 0x${hex(stat.pzxid)}`,
    `cversion = ${stat.cversion}`,
    `dataVersion = ${stat.version}`,
    `aclVersion = ${stat.aversion}`,
    `ephemeralOwner = 0x${hex(stat.ephemeralOwner)}`,
    `dataLength = ${stat.dataLength}`,
    `numChildren = ${stat.numChildren}`
  ].join('\n')
}

function hex(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16)
}
