import type { JuteReader, JuteWriter } from 'jute-ts'
import { type ConnectResponse, decodeConnectResponse, encodeConnectRequest } from '../protocol/generated/proto.ts'
import { highWord, lowWord } from '../protocol/int64.ts'

/** What names a session to a server and proves that it is ours. */
export interface SessionCredentials {
  readonly id: bigint
  /** 16 bytes. */
  readonly password: Uint8Array
}

/** What a client says first. */
export interface Greeting {
  /** Null for a new session. */
  readonly session: SessionCredentials | null
  readonly timeoutMs: number
  /** Whether a server without a quorum will do. */
  readonly readOnly: boolean
  readonly lastZxidHi: number
  readonly lastZxidLo: number
}

/** Frame of servers before 3.4, which does not say whether they are read-only. */
const RESPONSE_SIZE_BYTES_WITHOUT_READ_ONLY = 36
const NEW_SESSION: SessionCredentials = { id: 0n, password: new Uint8Array(16) }

export function encodeGreeting(writer: JuteWriter, greeting: Greeting): void {
  const session = greeting.session ?? NEW_SESSION
  encodeConnectRequest(writer, {
    protocolVersion: 0,
    lastZxidSeenHi: greeting.lastZxidHi,
    lastZxidSeenLo: greeting.lastZxidLo,
    timeOut: greeting.timeoutMs,
    sessionIdHi: highWord(session.id),
    sessionIdLo: lowWord(session.id),
    passwd: session.password,
    readOnly: greeting.readOnly
  })
}

/** @throws JuteError if the frame is not a ConnectResponse, as what a read-only server answers to a global session */
export function decodeGreeting(reader: JuteReader, frame: Buffer): ConnectResponse {
  const whole = frame.length === RESPONSE_SIZE_BYTES_WITHOUT_READ_ONLY ? Buffer.concat([frame, Buffer.alloc(1)]) : frame
  return decodeConnectResponse(reader.reset(whole))
}
