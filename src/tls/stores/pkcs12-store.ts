import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createRequire } from 'node:module'
import type forge from 'node-forge'
import { withNodesHashes } from './pkcs12-key-derivation.ts'
import { type StoreContent, type StoredKey, StoreError, WRONG_PASSWORD } from './store-content.ts'

const requireFrom = createRequire(import.meta.url)
let loaded: typeof forge | null = null

/** perf: a start without such a store spares 10 ms and 10 MB. */
function library(): typeof forge {
  loaded ??= requireFrom('node-forge') as typeof forge
  return loaded
}

/** First byte of a PKCS #12 file: a sequence. */
const SEQUENCE = 0x30

export function isPkcs12(bytes: Buffer): boolean {
  return bytes[0] === SEQUENCE
}

/**
 * Reads PKCS #12, as Java's keytool and OpenSSL write it, the old ciphers included.
 *
 * What it holds besides the keys and their chains is to be trusted: Java marks such certificates, others do not.
 *
 * @throws StoreError
 */
export function readPkcs12(bytes: Buffer, password: string): StoreContent {
  const { pki } = library()
  const bags = readBags(bytes, password)
  const certificates = bags.filter(({ type }) => type === pki.oids.certBag).map(certificateOf)
  const parsed = certificates.map(parse)
  const inChains = new Set<Buffer>()
  const keys: StoredKey[] = []
  for (const bag of bags) {
    if (bag.type !== pki.oids.keyBag && bag.type !== pki.oids.pkcs8ShroudedKeyBag) continue
    const key = keyOf(bag)
    const chain = chainOf(key, certificates, parsed)
    for (const certificate of chain) inChains.add(certificate)
    keys.push({ key, chain })
  }
  return { keys, trusted: certificates.filter((one) => !inChains.has(one)), revocationLists: [] }
}

function readBags(bytes: Buffer, password: string): forge.pkcs12.Bag[] {
  try {
    const forgeLibrary = library()
    const file = forgeLibrary.asn1.fromDer(bytes.toString('latin1'))
    const { safeContents } = withNodesHashes(forgeLibrary, () =>
      forgeLibrary.pkcs12.pkcs12FromAsn1(file, false, password)
    )
    return safeContents.flatMap(({ safeBags }) => safeBags)
  } catch (error) {
    const { message } = error as Error // it throws nothing else
    // Without a digest over the whole, a wrong password shows as nonsense where a cipher's padding or a structure should be.
    if (/password|MAC could|decrypt/i.test(message)) throw new StoreError(WRONG_PASSWORD)
    throw new StoreError(`it cannot be read as PKCS12 (${message.replace(/\s+/g, ' ')})`)
  }
}

/** The certificate's own bytes. */
function certificateOf({ cert, asn1: unknownKind }: forge.pkcs12.Bag): Buffer {
  if (cert === undefined || cert === null) return derOf(unknownKind)
  // A certificate that was taken apart is not put together by `certificateToAsn1`, which writes some algorithms in another way.
  const { asn1 } = library()
  const body: forge.asn1.Asn1 = cert.tbsCertificate
  const parts = body.value as forge.asn1.Asn1[]
  const hasVersion = parts[0]?.tagClass === asn1.Class.CONTEXT_SPECIFIC
  const algorithm = parts[hasVersion ? 2 : 1]
  if (algorithm === undefined) throw new StoreError('it has a certificate that is damaged')
  const signature = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BITSTRING, false, `\0${String(cert.signature)}`)
  return derOf(asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [body, algorithm, signature]))
}

function keyOf({ key, asn1: unknownKind }: forge.pkcs12.Bag): Buffer {
  if (key === undefined || key === null) return derOf(unknownKind)
  const { pki } = library()
  return derOf(pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(key)))
}

function derOf(value: forge.asn1.Asn1): Buffer {
  return Buffer.from(library().asn1.toDer(value).getBytes(), 'latin1')
}

function parse(certificate: Buffer): X509Certificate {
  try {
    return new X509Certificate(certificate)
  } catch {
    throw new StoreError('it has a certificate that cannot be read')
  }
}

/** The certificate of a key, and those that signed it as far as they are here. */
function chainOf(key: Buffer, certificates: readonly Buffer[], parsed: readonly X509Certificate[]): Buffer[] {
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  const chain: Buffer[] = []
  let index = parsed.findIndex((one) => one.checkPrivateKey(privateKey))
  while (index >= 0) {
    const certificate = certificates[index]
    const own = parsed[index]
    if (certificate === undefined || own === undefined || chain.includes(certificate)) break
    chain.push(certificate)
    index = parsed.findIndex((one) => one !== own && own.checkIssued(one))
  }
  return chain
}
