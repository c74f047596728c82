import { createHash, timingSafeEqual } from 'node:crypto'
import { childOf, childrenOf, DerError, objectIdentifierOf, readDer } from '../der.ts'
import { type StoreContent, type StoredKey, StoreError, WRONG_PASSWORD } from './store-content.ts'

/**
 * Java's own key store format, JKS.
 *
 * | bytes | field |
 * | --- | --- |
 * | 4 | 0xFEEDFEED |
 * | 4 | version, 1 or 2 |
 * | 4 | count of entries |
 * | … | entries: tag (4; 1 = key, 2 = trusted certificate), alias (length 2, bytes), date (8), then |
 * | | a key: length (4), EncryptedPrivateKeyInfo; count of certificates (4), certificates |
 * | | a trusted certificate: one certificate |
 * | 20 | SHA-1 of the password, a phrase, and all before |
 *
 * A certificate is its type (length 2, bytes; from version 2), length (4), DER.
 */

const MAGIC = 0xfeedfeed
const DIGEST_BYTES = 20
const DIGEST_PHRASE = 'Mighty Aphrodite'
const KEY_ENTRY = 1
const TRUSTED_ENTRY = 2
/** The cipher of the keys in it, which is nowhere else. */
const KEY_PROTECTOR = '1.3.6.1.4.1.42.2.17.1.1'

export function isJks(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32BE(0) === MAGIC
}

/**
 * Reads a store whose keys have the store's own password, which is all that upstream knows.
 *
 * @throws StoreError
 */
export function readJks(bytes: Buffer, password: string): StoreContent {
  const secret = Buffer.from(password, 'utf16le').swap16()
  const end = bytes.length - DIGEST_BYTES
  if (end < 12) throw new StoreError('the file is cut off')
  const digest = createHash('sha1').update(secret).update(DIGEST_PHRASE).update(bytes.subarray(0, end)).digest()
  if (!timingSafeEqual(digest, bytes.subarray(end))) throw new StoreError(WRONG_PASSWORD)
  try {
    return readEntries(new JksReader(bytes.subarray(0, end)), secret)
  } catch (error) {
    if (error instanceof DerError || error instanceof RangeError) throw new StoreError('the file is damaged')
    throw error
  }
}

function readEntries(reader: JksReader, secret: Buffer): StoreContent {
  reader.int() // the magic
  const version = reader.int()
  if (version !== 1 && version !== 2) throw new StoreError(`JKS of version ${version} is not known`)
  const keys: StoredKey[] = []
  const trusted: Buffer[] = []
  for (let rest = reader.int(); rest > 0; rest--) {
    const tag = reader.int()
    reader.text() // alias
    reader.skip(8)
    if (tag === KEY_ENTRY) {
      const key = decryptKey(reader.block(), secret)
      const chain: Buffer[] = []
      for (let count = reader.int(); count > 0; count--) chain.push(reader.certificate(version))
      keys.push({ key, chain })
    } else if (tag === TRUSTED_ENTRY) trusted.push(reader.certificate(version))
    else throw new StoreError(`it has an entry of kind ${tag}, which is not known`)
  }
  return { keys, trusted, revocationLists: [] }
}

/**
 * EncryptedPrivateKeyInfo by Sun's key protector: a salt, the key under a stream of chained SHA-1 digests of password and salt, and
 * a digest of password and key.
 */
function decryptKey(info: Buffer, secret: Buffer): Buffer {
  const [algorithm, encrypted] = childrenOf(readDer(info))
  if (algorithm === undefined || encrypted === undefined) throw new DerError('not an encrypted key')
  const cipher = objectIdentifierOf(childOf(childrenOf(algorithm), 0))
  if (cipher !== KEY_PROTECTOR) throw new StoreError(`a key has the cipher ${cipher}, which is not JKS's`)
  const { content } = encrypted
  const end = content.length - DIGEST_BYTES
  if (end < DIGEST_BYTES) throw new DerError('encrypted key cut off')
  const key = Buffer.from(content.subarray(DIGEST_BYTES, end))
  let pad = content.subarray(0, DIGEST_BYTES)
  for (let offset = 0; offset < key.length; offset++) {
    const at = offset % DIGEST_BYTES
    if (at === 0) pad = createHash('sha1').update(secret).update(pad).digest()
    key[offset] = (key[offset] ?? 0) ^ (pad[at] ?? 0)
  }
  const check = createHash('sha1').update(secret).update(key).digest()
  if (!timingSafeEqual(check, content.subarray(end))) {
    throw new StoreError("a key's password is not the store's, which it has to be")
  }
  return key
}

class JksReader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int(): number {
    const value = this.#bytes.readInt32BE(this.#offset)
    this.#offset += 4
    return value
  }

  skip(count: number): void {
    this.#offset += count
  }

  text(): void {
    this.skip(this.#bytes.readUInt16BE(this.#offset) + 2)
  }

  block(): Buffer {
    const length = this.int()
    const end = this.#offset + length
    if (length < 0 || end > this.#bytes.length) throw new RangeError('block cut off')
    const block = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    return block
  }

  certificate(version: number): Buffer {
    if (version === 2) this.text() // always X.509
    return this.block()
  }
}
