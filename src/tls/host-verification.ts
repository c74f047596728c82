import { lookup, reverse } from 'node:dns/promises'
import { isIP, isIPv6 } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { AlternativeNameKind, type CertificateFacts, certificateFacts } from './certificate.ts'

/** Whom a peer has to be. */
export interface ExpectedPeer {
  /** The name by which it was connected to; null where only its address is known, as of a client that connects. */
  readonly hostName: string | null
  /** `ssl.allowReverseDnsLookup`: without a name, that of its address is looked up. */
  readonly allowReverseDnsLookup: boolean
}

/**
 * Checks the certificate of a peer, which Node.js has verified already, against where it is: its address first, then its name.
 * For either side: a server looks at clients (`clientHostnameVerification`), a client at servers (`hostnameVerification`).
 *
 * @returns what is wrong, in one line; null if nothing is
 * @see `ZKTrustManager`
 */
export async function verifyPeerHost(socket: TLSSocket, expected: ExpectedPeer): Promise<string | null> {
  const { raw } = socket.getPeerCertificate()
  if (raw === undefined) return 'it has shown no certificate'
  const facts = certificateFacts(raw)
  const address = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '') ?? ''
  const addressProblem = hostProblem(facts, address)
  if (addressProblem === null) return null
  const name = expected.hostName
  if (name !== null && isIP(name) === 0) return hostProblem(facts, name)
  if (!expected.allowReverseDnsLookup) return addressProblem
  for (const found of await namesOf(address)) {
    if (hostProblem(facts, found) === null) return null
  }
  return addressProblem
}

/**
 * Tells whether a certificate is for a host, given by name or address.
 *
 * Where the certificate has alternative names they decide; else its common name. A name may have one `*`, which stands for what has no
 * dot in it.
 *
 * @returns what is wrong, in one line; null if nothing is
 * @see `ZKHostnameVerifier`
 */
export function hostProblem(certificate: CertificateFacts, host: string): string | null {
  const names = certificate.alternativeNames.filter(
    ({ kind }) => kind === AlternativeNameKind.dns || kind === AlternativeNameKind.address
  )
  if (names.length > 0) {
    const isMatch = names.some(({ kind, value }) =>
      isIP(host) === 0
        ? kind === AlternativeNameKind.dns && isSameName(host, value)
        : kind === AlternativeNameKind.address && isSameAddress(host, value)
    )
    const list = names.map(({ value }) => value).join(', ')
    return isMatch ? null : `its certificate is not for ${host} (but for ${list})`
  }
  const { commonName } = certificate
  if (commonName === null) return `its certificate is not for ${host}: it has no name`
  return isSameName(host, commonName) ? null : `its certificate is not for ${host} (but for ${commonName})`
}

function isSameName(host: string, pattern: string): boolean {
  const [name, identity] = [host.toLowerCase(), pattern.toLowerCase()]
  const star = identity.indexOf('*')
  if (star < 0) return name === identity
  const [prefix, suffix] = [identity.slice(0, star), identity.slice(star + 1)]
  if (name.length < prefix.length + suffix.length || !name.startsWith(prefix) || !name.endsWith(suffix)) return false
  return !name.slice(prefix.length, name.length - suffix.length).includes('.')
}

function isSameAddress(a: string, b: string): boolean {
  return normalAddress(a) === normalAddress(b)
}

/** One form of each address: that of URLs. */
function normalAddress(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]/`).hostname : address
}

/** The names of an address that lead back to it: whoever owns an address may claim any name for it. */
async function namesOf(address: string): Promise<string[]> {
  const confirmed: string[] = []
  for (const name of await reverse(address).catch((): string[] => [])) {
    const addresses = await lookup(name, { all: true }).catch(() => [])
    if (addresses.some((found) => isSameAddress(found.address, address))) confirmed.push(name)
  }
  return confirmed
}
