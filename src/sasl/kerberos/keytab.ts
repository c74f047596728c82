import type { EncryptionKey } from './encryption.ts'
import { KerberosError } from './kerberos-error.ts'

/** One key of a key table. */
export interface KeytabEntry {
  /** `service/host@REALM`. */
  readonly principal: string
  readonly version: number
  readonly key: EncryptionKey
}

const FORMAT = 0x0502

/**
 * Reads a key table as MIT's tools write it: entries of a length, a principal, a time, a version and a key. Holes, which
 * have a negative length, are skipped.
 *
 * @throws KerberosError if it is none
 */
export function parseKeytab(bytes: Buffer): KeytabEntry[] {
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== FORMAT) throw new KerberosError('it is no key table')
  const entries: KeytabEntry[] = []
  for (let at = 2; at + 4 <= bytes.length; ) {
    const size = bytes.readInt32BE(at)
    const end = at + 4 + Math.abs(size)
    if (size === 0) break
    if (end > bytes.length) throw new KerberosError('it is cut off')
    if (size > 0) entries.push(parseEntry(bytes.subarray(at + 4, end)))
    at = end
  }
  return entries
}

function parseEntry(bytes: Buffer): KeytabEntry {
  let at = 0
  const take = (size: number): Buffer => {
    if (at + size > bytes.length) throw new KerberosError('an entry is cut off')
    at += size
    return bytes.subarray(at - size, at)
  }
  const text = (): string => take(take(2).readUInt16BE(0)).toString('utf8')
  const componentCount = take(2).readUInt16BE(0)
  const realm = text()
  const components = Array.from({ length: componentCount }, text)
  take(4) // type of the name
  take(4) // time of the entry
  const shortVersion = take(1).readUInt8(0)
  const type = take(2).readUInt16BE(0)
  const key = Buffer.from(take(take(2).readUInt16BE(0)))
  const longVersion = bytes.length - at >= 4 ? take(4).readUInt32BE(0) : 0
  const version = longVersion === 0 ? shortVersion : longVersion
  return { principal: `${components.join('/')}@${realm}`, version, key: { type, bytes: key } }
}
