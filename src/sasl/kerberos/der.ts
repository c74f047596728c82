import { KerberosError } from './kerberos-error.ts'

/** Tags of DER that Kerberos' messages have. */
export const Tag = { integer: 0x02, octetString: 0x04, oid: 0x06, sequence: 0x30 } as const

/** One element: its tag and what is in it. */
export interface Element {
  readonly tag: number
  readonly content: Buffer
  /** Where the next one begins, in the buffer that this one was read from. */
  readonly end: number
}

/** Reads the element that begins at `at`. @throws KerberosError if it is not all there, or its length is not DER's */
export function readElement(bytes: Buffer, at = 0): Element {
  const tag = bytes[at]
  const first = bytes[at + 1]
  if (tag === undefined || first === undefined) throw new KerberosError('an element is cut off')
  let start = at + 2
  let length = first
  if (first >= 0x80) {
    const count = first & 0x7f
    if (count === 0 || count > 3 || start + count > bytes.length) throw new KerberosError('a length makes no sense')
    length = bytes.readUIntBE(start, count)
    start += count
  }
  const end = start + length
  if (end > bytes.length) throw new KerberosError('an element is cut off')
  return { tag, content: bytes.subarray(start, end), end }
}

/** Reads an element that must have this tag. @throws KerberosError */
export function expectElement(bytes: Buffer, tag: number): Buffer {
  const element = readElement(bytes)
  if (element.tag !== tag) throw new KerberosError(`tag ${element.tag} stands where ${tag} must be`)
  return element.content
}

/** The fields of a SEQUENCE by their context tags. @throws KerberosError */
export class Fields {
  readonly #fields = new Map<number, Buffer>()

  constructor(sequence: Buffer) {
    const content = expectElement(sequence, Tag.sequence)
    for (let at = 0; at < content.length; ) {
      const element = readElement(content, at)
      this.#fields.set(element.tag - 0xa0, element.content)
      at = element.end
    }
  }

  /** What a field holds, with its own tag. @throws KerberosError if it is not there */
  of(number: number): Buffer {
    const field = this.#fields.get(number)
    if (field === undefined) throw new KerberosError(`field ${number} is missing`)
    return field
  }

  has(number: number): boolean {
    return this.#fields.has(number)
  }

  integer(number: number): number {
    const content = expectElement(this.of(number), Tag.integer)
    if (content.length === 0 || content.length > 5) throw new KerberosError('a number is too long')
    return content.readIntBE(0, content.length)
  }

  octets(number: number): Buffer {
    return expectElement(this.of(number), Tag.octetString)
  }

  /** A KerberosString, whatever its tag. */
  text(number: number): string {
    return readElement(this.of(number)).content.toString('utf8')
  }

  /** A KerberosTime, in ms since the epoch. */
  timeMs(number: number): number {
    const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(this.text(number))
    if (match === null) throw new KerberosError('a time makes no sense')
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
    return Date.UTC(year, month - 1, day, hour, minute, second)
  }
}

/** Writes one element. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content])
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content])
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content])
}

/** Writes an INTEGER that is not negative. */
export function integer(value: number): Buffer {
  const bytes: number[] = []
  for (let left = value; left > 0; left = Math.floor(left / 256)) bytes.unshift(left % 256)
  const [first = 0] = bytes
  return element(Tag.integer, Buffer.from(first >= 0x80 || bytes.length === 0 ? [0, ...bytes] : bytes))
}
