import { readFileSync } from 'node:fs'

/** One call that changed something on the disk, as `recorder.c` wrote it down. */
export type DiskCall =
  | { readonly kind: 'write'; readonly inode: bigint; readonly offset: number; readonly data: Buffer }
  | { readonly kind: 'sync'; readonly inode: bigint }
  | { readonly kind: 'truncate'; readonly inode: bigint; readonly size: number }
  | { readonly kind: 'create'; readonly inode: bigint; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'makeDirectory'; readonly path: string }
  | { readonly kind: 'syncDirectory'; readonly path: string }

const HEADER_BYTES = 40

/** Reads a whole record. A last call that is not whole (the process was killed) is left out. */
export function readRecording(path: string): DiskCall[] {
  const bytes = readFileSync(path)
  const calls: DiskCall[] = []
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const kind = bytes.readUInt32LE(at)
    const pathEnd = at + HEADER_BYTES + bytes.readUInt32LE(at + 4)
    const end = pathEnd + Number(bytes.readBigUInt64LE(at + 24))
    if (end > bytes.length) break
    const name = bytes.toString('utf8', at + HEADER_BYTES, pathEnd)
    const inode = bytes.readBigUInt64LE(at + 8)
    const offset = Number(bytes.readBigUInt64LE(at + 16))
    calls.push(callOf(kind, name, inode, offset, bytes.subarray(pathEnd, end)))
    at = end
  }
  return calls
}

function callOf(kind: number, path: string, inode: bigint, offset: number, data: Buffer): DiskCall {
  switch (kind) {
    case 1:
      return { kind: 'write', inode, offset, data }
    case 2:
      return { kind: 'sync', inode }
    case 3:
      return { kind: 'truncate', inode, size: offset }
    case 4:
      return { kind: 'create', inode, path }
    case 5:
      return { kind: 'rename', path, to: data.toString('utf8') }
    case 6:
      return { kind: 'unlink', path }
    case 7:
      return { kind: 'makeDirectory', path }
    case 8:
      return { kind: 'syncDirectory', path }
    case 9:
      return { kind: 'truncate', inode, size: 0 }
    default:
      throw new Error(`unknown kind of call ${kind} in a recording`)
  }
}
