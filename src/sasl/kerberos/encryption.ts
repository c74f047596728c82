import { isSameSecret } from '../constant-time.ts'
import { KerberosError } from './kerberos-error.ts'

/** The functions of cryptography that Kerberos' AES types are made of. */
export interface KerberosCiphers {
  /** AES in CBC mode without padding, from an initial vector of zeros; whole blocks only. */
  encryptCbc(key: Uint8Array, blocks: Uint8Array): Buffer
  decryptCbc(key: Uint8Array, blocks: Uint8Array): Buffer
  /** 20 bytes. */
  hmacSha1(key: Uint8Array, bytes: Uint8Array): Buffer
  randomBytes(size: number): Buffer
}

/** A key and its type. */
export interface EncryptionKey {
  readonly type: number
  readonly bytes: Buffer
}

/** Types that are known: aes128-cts-hmac-sha1-96 and aes256-cts-hmac-sha1-96. */
const KEY_SIZES: ReadonlyMap<number, number> = new Map([
  [17, 16],
  [18, 32]
])
const BLOCK = 16
/** Bytes of a checksum, which is the beginning of an HMAC. */
export const CHECKSUM_SIZE_BYTES = 12
/** Ends of the constants from which keys for a use are derived. */
const FOR_CHECKSUM = 0x99
const FOR_ENCRYPTION = 0xaa
const FOR_INTEGRITY = 0x55

/** @throws KerberosError for a type that is not known, or a key of another length */
export function encryptionKey(type: number, bytes: Uint8Array): EncryptionKey {
  const size = KEY_SIZES.get(type)
  if (size === undefined)
    throw new KerberosError(`encryption type ${type} is not known, only aes256-cts and aes128-cts`)
  if (bytes.length !== size) throw new KerberosError(`a key of type ${type} has ${bytes.length} bytes`)
  return { type, bytes: Buffer.from(bytes) }
}

/**
 * Decrypts what was encrypted for a use, and checks that it is whole.
 * @throws KerberosError
 * @see RFC 3961, section 5.3; RFC 3962
 */
export function decrypt(ciphers: KerberosCiphers, key: EncryptionKey, usage: number, bytes: Buffer): Buffer {
  if (bytes.length < BLOCK + CHECKSUM_SIZE_BYTES) throw new KerberosError('what is encrypted is too short')
  const cipher = bytes.subarray(0, bytes.length - CHECKSUM_SIZE_BYTES)
  const plain = decryptCts(ciphers, derive(ciphers, key, usage, FOR_ENCRYPTION), cipher)
  const expected = ciphers.hmacSha1(derive(ciphers, key, usage, FOR_INTEGRITY), plain).subarray(0, CHECKSUM_SIZE_BYTES)
  if (!isSameSecret(bytes.subarray(cipher.length), expected))
    throw new KerberosError('it was encrypted with another key')
  return plain.subarray(BLOCK)
}

/** Encrypts for a use, with a random block in front. */
export function encrypt(ciphers: KerberosCiphers, key: EncryptionKey, usage: number, bytes: Uint8Array): Buffer {
  const plain = Buffer.concat([ciphers.randomBytes(BLOCK), bytes])
  const cipher = encryptCts(ciphers, derive(ciphers, key, usage, FOR_ENCRYPTION), plain)
  const mac = ciphers.hmacSha1(derive(ciphers, key, usage, FOR_INTEGRITY), plain).subarray(0, CHECKSUM_SIZE_BYTES)
  return Buffer.concat([cipher, mac])
}

/** The checksum of a type's own kind: HMAC-SHA1-96 with a key for this use. */
export function checksum(ciphers: KerberosCiphers, key: EncryptionKey, usage: number, bytes: Uint8Array): Buffer {
  return ciphers.hmacSha1(derive(ciphers, key, usage, FOR_CHECKSUM), bytes).subarray(0, CHECKSUM_SIZE_BYTES)
}

/** The last two blocks change places, and the last one is as long as the text. */
function encryptCts(ciphers: KerberosCiphers, key: Uint8Array, plain: Buffer): Buffer {
  const blockCount = Math.ceil(plain.length / BLOCK)
  const padded = Buffer.alloc(blockCount * BLOCK)
  plain.copy(padded)
  const cipher = ciphers.encryptCbc(key, padded)
  if (blockCount === 1) return cipher
  const head = (blockCount - 2) * BLOCK
  const swapped = [cipher.subarray(0, head), cipher.subarray(head + BLOCK), cipher.subarray(head, head + BLOCK)]
  return Buffer.concat(swapped).subarray(0, plain.length)
}

function decryptCts(ciphers: KerberosCiphers, key: Uint8Array, cipher: Buffer): Buffer {
  const blockCount = Math.ceil(cipher.length / BLOCK)
  if (blockCount === 1) return ciphers.decryptCbc(key, cipher)
  const head = (blockCount - 2) * BLOCK
  const last = cipher.subarray(head, head + BLOCK)
  const cut = cipher.subarray(head + BLOCK)
  // What is missing of the block that was cut is in the other one, under the cipher.
  const whole = Buffer.concat([cut, ciphers.decryptCbc(key, last).subarray(cut.length)])
  return ciphers.decryptCbc(key, Buffer.concat([cipher.subarray(0, head), whole, last])).subarray(0, cipher.length)
}

function derive(ciphers: KerberosCiphers, { bytes }: EncryptionKey, usage: number, purpose: number): Buffer {
  const constant = Buffer.alloc(5)
  constant.writeUInt32BE(usage)
  constant[4] = purpose
  const first = ciphers.encryptCbc(bytes, nFold(constant, BLOCK))
  if (bytes.length === BLOCK) return first
  return Buffer.concat([first, ciphers.encryptCbc(bytes, first)])
}

/**
 * Stretches or folds bytes to a size: copies, each turned by 13 bits more, are added in one's complement.
 * @see RFC 3961, section 5.1
 */
export function nFold(input: Uint8Array, size: number): Buffer {
  const { length } = input
  const bits = length * 8
  const folded = Buffer.alloc(size)
  let carry = 0
  for (let at = leastCommonMultiple(length, size) - 1; at >= 0; at--) {
    const msb = (bits - 1 + (bits + 13) * Math.floor(at / length) + (length - (at % length)) * 8) % bits
    const high = input[(2 * length - 1 - (msb >> 3)) % length] ?? 0
    const low = input[(2 * length - (msb >> 3)) % length] ?? 0
    const sum = carry + ((((high << 8) | low) >> ((msb & 7) + 1)) & 0xff) + (folded[at % size] ?? 0)
    folded[at % size] = sum & 0xff
    carry = sum >> 8
  }
  for (let at = size - 1; carry > 0 && at >= 0; at--) {
    const sum = carry + (folded[at] ?? 0)
    folded[at] = sum & 0xff
    carry = sum >> 8
  }
  return folded
}

function leastCommonMultiple(one: number, other: number): number {
  let [a, b] = [one, other]
  while (b !== 0) [a, b] = [b, a % b]
  return (one * other) / a
}
