import { isSameSecret } from '../constant-time.ts'
import { element, expectElement, Fields, integer, readElement, Tag } from './der.ts'
import { decrypt, type EncryptionKey, encrypt, encryptionKey, type KerberosCiphers } from './encryption.ts'
import { KerberosError } from './kerberos-error.ts'
import type { KeytabEntry } from './keytab.ts'

/** What an accepted client has shown. */
export interface AcceptedClient {
  /** `name@REALM` or `service/host@REALM`. */
  readonly principal: string
  /** What both sides protect their messages with. */
  readonly key: EncryptionKey
  /** Of our messages. */
  readonly sendSequence: number
  /** What is to be sent for a client that wants the server's proof; null for another. */
  readonly reply: Buffer | null
  /** Tells this request from all others. */
  readonly fingerprint: Buffer
}

/** OID 1.2.840.113554.1.2.2, with its tag and length. */
const KRB5_OID = Buffer.from('06092a864886f712010202', 'hex')
const AP_REQ_TOKEN = Buffer.of(1, 0)
const AP_REP_TOKEN = Buffer.of(2, 0)
const APPLICATION = 0x60
const Application = { token: 0x60, ticket: 0x61, authenticator: 0x62, encTicketPart: 0x63, apReq: 0x6e, apRep: 0x6f }
const ENC_AP_REP_PART = 0x7b
const Usage = { ticket: 2, authenticator: 11, apRep: 12 }
/** Type of the checksum by which GSS-API's flags come. */
const GSS_CHECKSUM = 0x8003
const GSS_CHECKSUM_SIZE_BYTES = 24
const MUTUAL_FLAG = 2
const INVALID_TICKET_FLAG_BYTE = 0
const INVALID_TICKET_FLAG = 0x01
const PROTOCOL_VERSION = 5
/** How far clocks may be apart. */
export const CLOCK_SKEW_MS = 300_000

/**
 * Accepts the first token of Kerberos' GSS-API mechanism: an AP-REQ with a ticket for one of our keys.
 *
 * @param keys  of our service principal
 * @param nowMs wall clock
 * @throws KerberosError
 * @see RFC 4120, section 3.2.3; RFC 4121, section 4.1
 */
export function acceptApReq(
  ciphers: KerberosCiphers,
  keys: readonly KeytabEntry[],
  token: Buffer,
  nowMs: number
): AcceptedClient {
  const request = new Fields(expectElement(innerToken(token), Application.apReq))
  if (request.integer(0) !== PROTOCOL_VERSION) throw new KerberosError('it is not version 5')
  const ticket = openTicket(ciphers, keys, request.of(3), nowMs)
  const sealed = new Fields(request.of(4))
  const sessionKey = ticket.key
  if (sealed.integer(0) !== sessionKey.type) throw new KerberosError('the authenticator has another encryption type')
  const plain = decrypt(ciphers, sessionKey, Usage.authenticator, sealed.octets(2))
  const authenticator = new Fields(expectElement(plain, Application.authenticator))
  const principal = principalOf(authenticator.of(2), authenticator.text(1))
  if (principal !== ticket.principal) throw new KerberosError(`the ticket is ${ticket.principal}'s, not ${principal}'s`)
  const timeMs = authenticator.timeMs(5)
  if (Math.abs(timeMs - nowMs) > CLOCK_SKEW_MS) {
    throw new KerberosError(`the clock of ${principal} is ${Math.round((timeMs - nowMs) / 1000)} s off`)
  }
  const key = authenticator.has(6) ? keyOf(authenticator.of(6)) : sessionKey
  const sequence = authenticator.has(7) ? authenticator.integer(7) >>> 0 : 0
  const isMutual = (gssFlags(authenticator) & MUTUAL_FLAG) !== 0
  const { hmacSha1 } = ciphers
  return {
    principal,
    key,
    // Where we have said nothing of ours, it is the client's.
    sendSequence: isMutual ? 0 : sequence,
    reply: isMutual ? apRep(ciphers, sessionKey, authenticator) : null,
    fingerprint: hmacSha1(Buffer.from('replay'), sealed.octets(2))
  }
}

function innerToken(token: Buffer): Buffer {
  const content = expectElement(token, Application.token)
  if (!content.subarray(0, KRB5_OID.length).equals(KRB5_OID)) throw new KerberosError('it is not of Kerberos 5')
  const inner = content.subarray(KRB5_OID.length)
  if (!inner.subarray(0, AP_REQ_TOKEN.length).equals(AP_REQ_TOKEN)) throw new KerberosError('it is no AP-REQ')
  return inner.subarray(AP_REQ_TOKEN.length)
}

function openTicket(ciphers: KerberosCiphers, keys: readonly KeytabEntry[], bytes: Buffer, nowMs: number) {
  const ticket = new Fields(expectElement(bytes, Application.ticket))
  const service = principalOf(ticket.of(2), ticket.text(1))
  const sealed = new Fields(ticket.of(3))
  const type = sealed.integer(0)
  const version = sealed.has(1) ? sealed.integer(1) >>> 0 : null
  const ours = keys.filter(({ principal }) => principal === service)
  if (ours.length === 0) throw new KerberosError(`the ticket is for ${service}`)
  const entry = ours.find((one) => one.key.type === type && (version === null || one.version === version))
  if (entry === undefined) {
    throw new KerberosError(`the key table has no key of ${service} of version ${version} and encryption type ${type}`)
  }
  const key = encryptionKey(entry.key.type, entry.key.bytes)
  const plain = decrypt(ciphers, key, Usage.ticket, sealed.octets(2))
  const part = new Fields(expectElement(plain, Application.encTicketPart))
  const flags = readElement(part.of(0)).content.subarray(1) // behind the count of unused bits
  if (((flags[INVALID_TICKET_FLAG_BYTE] ?? 0) & INVALID_TICKET_FLAG) !== 0)
    throw new KerberosError('the ticket is invalid')
  const startMs = part.has(6) ? part.timeMs(6) : part.timeMs(5)
  if (startMs > nowMs + CLOCK_SKEW_MS) throw new KerberosError('the ticket is not valid yet')
  if (part.timeMs(7) < nowMs - CLOCK_SKEW_MS) throw new KerberosError('the ticket has expired')
  return { principal: principalOf(part.of(3), part.text(2)), key: keyOf(part.of(1)) }
}

/** Parts that would make one name look like another are refused. */
function principalOf(name: Buffer, realm: string): string {
  const parts: string[] = []
  const list = expectElement(new Fields(name).of(1), Tag.sequence)
  for (let at = 0; at < list.length; ) {
    const part = readElement(list, at)
    parts.push(part.content.toString('utf8'))
    at = part.end
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are refused, too
  if (parts.length === 0 || [...parts, realm].some((part) => part === '' || /[/@\\\x00-\x1f]/.test(part))) {
    throw new KerberosError('a name has empty parts, or signs that have a meaning')
  }
  return `${parts.join('/')}@${realm}`
}

function keyOf(bytes: Buffer): EncryptionKey {
  const fields = new Fields(bytes)
  return encryptionKey(fields.integer(0), fields.octets(1))
}

function gssFlags(authenticator: Fields): number {
  if (!authenticator.has(3)) throw new KerberosError('the authenticator has no checksum')
  const sum = new Fields(authenticator.of(3))
  const bytes = sum.octets(1)
  if (sum.integer(0) !== GSS_CHECKSUM || bytes.length < GSS_CHECKSUM_SIZE_BYTES) {
    throw new KerberosError('the checksum of the authenticator is not of GSS-API')
  }
  return bytes.readUInt32LE(20)
}

/** Shows that we could read the authenticator. */
function apRep(ciphers: KerberosCiphers, key: EncryptionKey, authenticator: Fields): Buffer {
  const part = element(
    ENC_AP_REP_PART,
    element(
      Tag.sequence,
      element(0xa0, authenticator.of(5)),
      element(0xa1, authenticator.of(4)),
      element(0xa3, integer(0))
    )
  )
  const sealed = element(
    Tag.sequence,
    element(0xa0, integer(key.type)),
    element(0xa2, element(Tag.octetString, encrypt(ciphers, key, Usage.apRep, part)))
  )
  const reply = element(
    Application.apRep,
    element(Tag.sequence, element(0xa0, integer(PROTOCOL_VERSION)), element(0xa1, integer(15)), element(0xa2, sealed))
  )
  return element(APPLICATION, KRB5_OID, AP_REP_TOKEN, reply)
}

/** Whether a token is the first one of Kerberos' GSS-API mechanism. */
export function isKerberosToken(token: Uint8Array): boolean {
  if (token[0] !== APPLICATION) return false
  const start = (token[1] ?? 0) < 0x80 ? 2 : 2 + ((token[1] ?? 0) & 0x7f)
  return isSameSecret(token.subarray(start, start + KRB5_OID.length), KRB5_OID)
}
