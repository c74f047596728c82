import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, gunzipSync } from 'node:zlib'
import { createHash } from 'node:crypto'
import type { HashPort } from '../../../src/core/ports.ts'

/** The file as the server wrote it. */
export function fixtureBytes(name: string): Buffer {
  return gunzipSync(readFileSync(join(__dirname, `${name}.packed.gz`)))
}

/** What an independent decoder made of it. */
export function fixtureJson<T>(name: string): T {
  return JSON.parse(readFileSync(join(__dirname, `${name}.json`), 'utf8')) as T
}

/** The transactions of a log file: 16 bytes of header; then checksum 8, length 4, bytes, 0x42; ends where zeros begin. */
export function logRecords(log: Buffer): Buffer[] {
  const records: Buffer[] = []
  let offset = 16
  while (offset + 12 <= log.length) {
    const length = log.readInt32BE(offset + 8)
    if (length === 0) break
    records.push(log.subarray(offset + 12, offset + 12 + length))
    offset += 12 + length + 1
  }
  return records
}

export const nodeHash: HashPort = {
  digest: (bytes) => createHash('sha1').update(bytes).digest(),
  crc32: (bytes, seed) => crc32(bytes, seed)
}

export interface DecodedLog {
  readonly txns: readonly { readonly decoded: { readonly digest?: { readonly treeDigest: string } } }[]
}

export interface DecodedStat {
  readonly czxid: string
  readonly mzxid: string
  readonly ctime: string
  readonly mtime: string
  readonly version: number
  readonly cversion: number
  readonly aversion: number
  readonly ephemeralOwner: string
  readonly pzxid: string
}

export interface DecodedAcl {
  readonly perms: number
  readonly id: { readonly scheme: string; readonly id: string }
}

export interface DecodedSnapshot {
  readonly sessions: readonly { readonly id: string; readonly timeout: number }[]
  readonly acls: readonly { readonly id: string; readonly acl: readonly DecodedAcl[] }[]
  readonly nodes: readonly {
    readonly path: string
    readonly data: string | null
    readonly aclId: string
    readonly stat: DecodedStat
    readonly nodeDigest: number
  }[]
}

/** By path: what a client read. */
export type ExpectedTree = Readonly<
  Record<
    string,
    {
      readonly data: string | null
      readonly stat: DecodedStat & { readonly dataLength: number; readonly numChildren: number }
      readonly acl: readonly DecodedAcl[]
    }
  >
>
