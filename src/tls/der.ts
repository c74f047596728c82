/**
 * Reads ASN.1 in DER, as far as certificates, revocation lists, OCSP and Java's key stores need it: tags of one byte, definite lengths.
 */

/** One value: its tag byte (class and form included), its content, and all of it. */
export interface DerValue {
  readonly tag: number
  readonly content: Buffer
  readonly bytes: Buffer
}

export const DerTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  teletexString: 0x14,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  generalString: 0x1b,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31
} as const

/** The bytes are not what they should be. */
export class DerError extends Error {
  override readonly name = 'DerError'
}

/** The value that begins at an offset. @throws DerError */
export function readDer(bytes: Buffer, offset = 0): DerValue {
  const tag = bytes[offset]
  const first = bytes[offset + 1]
  if (tag === undefined || first === undefined) throw new DerError(`value cut off at ${offset}`)
  if ((tag & 0x1f) === 0x1f) throw new DerError(`long tag at ${offset}`)
  let start = offset + 2
  let length = first
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0 || count > 4 || start + count > bytes.length) throw new DerError(`bad length at ${offset}`)
    length = bytes.readUIntBE(start, count)
    start += count
  }
  const end = start + length
  if (end > bytes.length) throw new DerError(`value cut off at ${offset}`)
  return { tag, content: bytes.subarray(start, end), bytes: bytes.subarray(offset, end) }
}

/** What a constructed value is made of. @throws DerError */
export function childrenOf({ content }: DerValue): DerValue[] {
  const children: DerValue[] = []
  for (let offset = 0; offset < content.length; ) {
    const child = readDer(content, offset)
    children.push(child)
    offset += child.bytes.length
  }
  return children
}

/** A child by its index. @throws DerError if there is none, or it has another tag than expected */
export function childOf(children: readonly DerValue[], index: number, tag?: number): DerValue {
  const child = children[index]
  if (child === undefined) throw new DerError(`value ${index} is missing`)
  if (tag !== undefined && child.tag !== tag) throw new DerError(`value ${index} has tag ${child.tag}, not ${tag}`)
  return child
}

/** An object identifier in dotted form. @throws DerError */
export function objectIdentifierOf({ tag, content }: DerValue): string {
  if (tag !== DerTag.objectIdentifier) throw new DerError('not an object identifier')
  return objectIdentifierText(content)
}

/** The same of the bytes alone, which may have another tag where the place says what they are. @throws DerError */
export function objectIdentifierText(content: Buffer): string {
  if (content.length === 0) throw new DerError('not an object identifier')
  const numbers: bigint[] = []
  let number = 0n
  for (const byte of content) {
    number = (number << 7n) | BigInt(byte & 0x7f)
    if (byte >= 0x80) continue
    numbers.push(number)
    number = 0n
  }
  const [head = 0n, ...rest] = numbers
  const root = head < 40n ? 0n : head < 80n ? 1n : 2n
  return [root, head - root * 40n, ...rest].join('.')
}

/** A point in time (UTCTime, GeneralizedTime), ms since 1970. @throws DerError */
export function timeOf({ tag, content }: DerValue): number {
  const text = content.toString('latin1')
  const match = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.\d+)?Z$/.exec(text)
  const isUtc = tag === DerTag.utcTime
  if (match === null || (!isUtc && tag !== DerTag.generalizedTime)) throw new DerError(`not a time: ${text}`)
  const [, yearText = '', month, day, hour, minute, second] = match
  const short = Number(yearText)
  // RFC 5280, 4.1.2.5.1: two digits mean 1950 to 2049.
  const year = isUtc ? short + (short < 50 ? 2000 : 1900) : short
  return Date.UTC(year, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
}

/** One value of these contents, which are shorter than 64 KiB. */
export function writeDer(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content])
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content])
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content])
}
