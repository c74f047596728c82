import { createHash, hash as digestOf, pbkdf2Sync } from 'node:crypto'
import type forge from 'node-forge'

/** A hash as node-forge passes it. */
interface ForgeHash {
  readonly algorithm: string
}

/**
 * Runs something of node-forge with Node's own hashes under the two functions that make keys of passwords.
 *
 * perf: in script alone, the ten thousand rounds that keytool asks for take more than a second, in which a server that reads its new
 * certificate would answer nobody; so they take some 20 ms. node-forge itself uses Node's `pbkdf2` for SHA-1 only.
 */
export function withNodesHashes<T>(library: typeof forge, run: () => T): T {
  const places: readonly (readonly [object, string, unknown])[] = [
    [library.pkcs5, 'pbkdf2', pbkdf2],
    [library.pkcs12, 'generateKey', generateKey],
    [Reflect.get(library.pki, 'pbe') as object, 'generatePkcs12Key', generateKey]
  ]
  const before = places.map(([place, name]): unknown => Reflect.get(place, name))
  for (const [place, name, ours] of places) Reflect.set(place, name, ours)
  try {
    return run()
  } finally {
    for (const [index, [place, name]] of places.entries()) Reflect.set(place, name, before[index])
  }
}

function pbkdf2(password: string, salt: string, rounds: number, bytes: number, hash?: ForgeHash | null): string {
  const algorithm = hash?.algorithm ?? 'sha1'
  const key = pbkdf2Sync(Buffer.from(password, 'latin1'), Buffer.from(salt, 'latin1'), rounds, bytes, algorithm)
  return key.toString('latin1')
}

function generateKey(
  password: string,
  salt: forge.util.ByteStringBuffer,
  purpose: number,
  rounds: number,
  bytes: number,
  hash?: ForgeHash | null
): forge.util.ByteStringBuffer {
  const key = pkcs12Key(
    hash?.algorithm ?? 'sha1',
    password,
    Buffer.from(salt.bytes(), 'latin1'),
    purpose,
    rounds,
    bytes
  )
  return new (salt.constructor as new (bytes: string) => forge.util.ByteStringBuffer)(key.toString('latin1'))
}

/**
 * Makes a key of a password.
 *
 * @param purpose 1 = key, 2 = initialization vector, 3 = key of a MAC
 * @see RFC 7292, appendix B.2
 */
export function pkcs12Key(
  algorithm: string,
  password: string,
  salt: Buffer,
  purpose: number,
  rounds: number,
  bytes: number
): Buffer {
  const blockBytes = algorithm === 'sha384' || algorithm === 'sha512' ? 128 : 64
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16()
  const diversifier = Buffer.alloc(blockBytes, purpose)
  const input = Buffer.concat([repeated(salt, blockBytes), repeated(secret, blockBytes)])
  const pieces: Buffer[] = []
  for (let count = 0; count < bytes; ) {
    let piece = createHash(algorithm).update(diversifier).update(input).digest()
    // perf: without an object for each round, of which keytool asks for up to 100,000 three to seven times a store.
    for (let round = 1; round < rounds; round++) piece = digestOf(algorithm, piece, 'buffer')
    pieces.push(piece)
    count += piece.length
    addToBlocks(input, Buffer.alloc(blockBytes, piece))
  }
  return Buffer.concat(pieces).subarray(0, bytes)
}

/** As often as it takes to fill whole blocks. */
function repeated(bytes: Buffer, blockBytes: number): Buffer {
  return bytes.length === 0 ? bytes : Buffer.alloc(blockBytes * Math.ceil(bytes.length / blockBytes), bytes)
}

/** Each block becomes (itself + added + 1), as big-endian numbers of a block's size. */
function addToBlocks(blocks: Buffer, added: Buffer): void {
  for (let start = 0; start < blocks.length; start += added.length) {
    let carry = 1
    for (let index = added.length - 1; index >= 0; index--) {
      carry += (blocks[start + index] ?? 0) + (added[index] ?? 0)
      blocks[start + index] = carry & 0xff
      carry >>= 8
    }
  }
}
