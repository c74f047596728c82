import { isSameSecret } from '../constant-time.ts'
import { CHECKSUM_SIZE_BYTES, checksum, type EncryptionKey, type KerberosCiphers } from './encryption.ts'
import { KerberosError } from './kerberos-error.ts'

/**
 * Token of GSS_Wrap without confidentiality (RFC 4121, section 4.2.6.2).
 *
 * | offset | size | field     |                                                     |
 * |--------|------|-----------|-----------------------------------------------------|
 * | 0      | 2    | TOK_ID    | 05 04                                               |
 * | 2      | 1    | Flags     | 1: by the acceptor, 2: sealed, 4: acceptor's subkey |
 * | 3      | 1    | Filler    | ff                                                  |
 * | 4      | 2    | EC        | length of the checksum                              |
 * | 6      | 2    | RRC       | by how much what follows is turned to the right     |
 * | 8      | 8    | SND_SEQ   |                                                     |
 * | 16     | n    | text      |                                                     |
 * | 16 + n | 12   | checksum  | of the text and the header with EC and RRC 0        |
 */
const HEADER_SIZE_BYTES = 16
const TOKEN_ID = 0x0504
const FILLER = 0xff
const Flag = { byAcceptor: 1, sealed: 2 }
const Usage = { acceptor: 22, initiator: 24 }

/** Writes a token of the server. */
export function wrapAsAcceptor(
  ciphers: KerberosCiphers,
  key: EncryptionKey,
  sequence: number,
  text: Uint8Array
): Buffer {
  const header = Buffer.alloc(HEADER_SIZE_BYTES)
  header.writeUInt16BE(TOKEN_ID, 0)
  header[2] = Flag.byAcceptor
  header[3] = FILLER
  header.writeUInt32BE(sequence, 12)
  const sum = checksum(ciphers, key, Usage.acceptor, Buffer.concat([text, header]))
  header.writeUInt16BE(CHECKSUM_SIZE_BYTES, 4)
  return Buffer.concat([header, text, sum])
}

/** Reads a token of the client. @throws KerberosError if it is none, or not the client's */
export function unwrapFromInitiator(ciphers: KerberosCiphers, key: EncryptionKey, token: Buffer): Buffer {
  if (token.length < HEADER_SIZE_BYTES + CHECKSUM_SIZE_BYTES || token.readUInt16BE(0) !== TOKEN_ID) {
    throw new KerberosError('it is no wrapped message')
  }
  const flags = token[2] ?? 0
  if ((flags & (Flag.byAcceptor | Flag.sealed)) !== 0) throw new KerberosError('it is sealed, or our own message')
  if (token.readUInt16BE(4) !== CHECKSUM_SIZE_BYTES) throw new KerberosError('its checksum has another length')
  const body = token.subarray(HEADER_SIZE_BYTES)
  const turn = token.readUInt16BE(6) % body.length
  const plain = Buffer.concat([body.subarray(turn), body.subarray(0, turn)])
  const text = plain.subarray(0, plain.length - CHECKSUM_SIZE_BYTES)
  const header = Buffer.from(token.subarray(0, HEADER_SIZE_BYTES))
  header.fill(0, 4, 8)
  const expected = checksum(ciphers, key, Usage.initiator, Buffer.concat([text, header]))
  if (!isSameSecret(plain.subarray(text.length), expected)) throw new KerberosError('its checksum is wrong')
  return text
}
