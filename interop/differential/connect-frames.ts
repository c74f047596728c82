import type { Plain } from './replies.ts'
import type { ConnectStep } from './steps.ts'
import { sessionPassword } from './wire/session-password.ts'
import { WireReader } from './wire/wire-reader.ts'
import { WireWriter } from './wire/wire-writer.ts'

/** Id and password of a session on one server. */
export interface KnownSession {
  readonly id: bigint
  readonly password: string
}

const NO_SESSION: KnownSession = { id: 0x1234_5678_9abcn, password: '00'.repeat(16) }

/** Payload of the ConnectRequest that `step` describes, with this server's own id, password and zxid. */
export function connectPayload(step: ConnectStep, known: KnownSession | undefined, lastZxid: bigint): Buffer {
  const session = step.resume ? (known ?? NO_SESSION) : { id: 0n, password: NO_SESSION.password }
  const writer = new WireWriter()
    .int(step.protocolVersion)
    .long(step.zxidsAhead === null ? 0n : lastZxid + BigInt(step.zxidsAhead))
    .int(step.timeoutMs)
    .long(session.id)
  switch (step.password) {
    case 'right':
      writer.blob({ hex: session.password })
      break
    case 'wrong':
      writer.blob({ hex: 'ab'.repeat(16) })
      break
    case 'short':
      writer.blob({ hex: session.password.slice(0, 10) })
      break
    case 'null':
      writer.blob(null)
      break
    case 'empty':
      writer.blob('')
      break
  }
  if (step.readOnly !== null) writer.byte(step.readOnly ? 1 : 0)
  return writer.take()
}

/** A ConnectResponse in comparable form, and the session if the server gave one. */
export function decodeConnectReply(
  payload: Buffer,
  nameOf: (id: bigint) => string
): { plain: Plain; session: KnownSession | null } {
  const reader = new WireReader(payload)
  try {
    const protocolVersion = reader.int()
    const timeoutMs = reader.int()
    const id = reader.long()
    const password = reader.hex() ?? 'null'
    const readOnly = reader.left > 0 ? reader.byte() : 'absent'
    const accepted = id !== 0n
    return {
      plain: {
        protocolVersion,
        timeoutMs,
        session: accepted ? nameOf(id) : 0,
        serverId: Number(BigInt.asUintN(64, id) >> 56n),
        password: accepted ? (password === sessionPassword(id) ? 'derived from the id' : 'other') : password,
        readOnly,
        trailing: payload.toString('hex', reader.offset)
      },
      session: accepted ? { id, password } : null
    }
  } catch (error) {
    return { plain: { undecodable: payload.toString('hex'), why: String(error) }, session: null }
  }
}
