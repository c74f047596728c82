import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import type { KerberosCiphers } from '../kerberos/encryption.ts'

const NO_VECTOR = Buffer.alloc(16)

/** Node's AES and HMAC. */
export const nodeKerberosCiphers: KerberosCiphers = {
  encryptCbc(key, blocks) {
    const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, NO_VECTOR).setAutoPadding(false)
    return Buffer.concat([cipher.update(blocks), cipher.final()])
  },
  decryptCbc(key, blocks) {
    const cipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, NO_VECTOR).setAutoPadding(false)
    return Buffer.concat([cipher.update(blocks), cipher.final()])
  },
  hmacSha1: (key, bytes) => createHmac('sha1', key).update(bytes).digest(),
  randomBytes
}
