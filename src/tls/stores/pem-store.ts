import { createPrivateKey } from 'node:crypto'
import { type StoreContent, StoreError, WRONG_PASSWORD } from './store-content.ts'

/** Headers, such as `DEK-Info` of a key that OpenSSL has encrypted in its older way, may stand before what is in base64. */
const BLOCK = /-+BEGIN ([^-]+?)-+\s+(?:[\w-]+:[^\n]*\n)*([^-]*?)-+END \1-+/g

/**
 * Reads a PEM file: certificates in the order of their chain, at most one private key, revocation lists; in any order between them. Text
 * outside of the blocks is passed over.
 *
 * The key may be PKCS #8, which is all that upstream reads, or in the older forms of OpenSSL, encrypted or not.
 *
 * @param password for an encrypted key; empty = there is none
 * @throws StoreError
 */
export function readPem(bytes: Buffer, password: string): StoreContent {
  const certificates: Buffer[] = []
  const revocationLists: Buffer[] = []
  let key: Buffer | null = null
  for (const [block, label = '', base64 = ''] of bytes.toString('latin1').matchAll(BLOCK)) {
    if (label.endsWith('PRIVATE KEY')) key ??= readKey(block, password)
    else if (label.endsWith('CERTIFICATE')) certificates.push(Buffer.from(base64, 'base64'))
    else if (label === 'X509 CRL') revocationLists.push(Buffer.from(base64, 'base64'))
  }
  if (key !== null && certificates.length === 0) throw new StoreError('it has a private key but no certificate')
  return { keys: key === null ? [] : [{ key, chain: certificates }], trusted: certificates, revocationLists }
}

function readKey(pem: string, password: string): Buffer {
  try {
    return createPrivateKey({ key: pem, passphrase: password }).export({ type: 'pkcs8', format: 'der' })
  } catch (error) {
    const isEncrypted = /ENCRYPTED/.test(pem)
    if (isEncrypted && password === '') throw new StoreError('its private key is encrypted, and there is no password')
    if (isEncrypted && /unsupported/i.test(String(error))) {
      throw new StoreError(
        'its private key is encrypted in a way that OpenSSL 3 does not know (openssl pkcs8 converts it)'
      )
    }
    throw new StoreError(isEncrypted ? WRONG_PASSWORD : 'its private key cannot be read')
  }
}
