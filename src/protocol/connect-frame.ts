import type { JuteReader } from 'jute-ts'
import type { ConnectRequest } from './generated/proto.ts'

/**
 * The first frame of a connection, which has no RequestHeader. By hand, since clients before 3.4 leave out the last byte,
 * which Jute cannot state.
 *
 * | offset | size | field           |                                       |
 * |--------|------|-----------------|---------------------------------------|
 * | 0      | 4    | protocolVersion | 0; nobody looks at it                 |
 * | 4      | 8    | lastZxidSeen    |                                       |
 * | 12     | 4    | timeOut         | ms                                    |
 * | 16     | 8    | sessionId       | 0 for a new session                   |
 * | 24     | 4+n  | passwd          | n = 16 as a rule; -1 for none         |
 * | 28+n   | 0, 1 | readOnly        | absent counts as false                |
 */
export interface ConnectFrame extends ConnectRequest {
  /** Whether the readOnly byte was there: the response has it then, too. */
  hasReadOnly: boolean
}

/** @throws JuteError when the bytes end before the end of the password */
export function decodeConnectFrame(reader: JuteReader): ConnectFrame {
  const protocolVersion = reader.readInt('ConnectRequest.protocolVersion')
  const lastZxidSeenHi = reader.readInt('ConnectRequest.lastZxidSeen')
  const lastZxidSeenLo = reader.readInt('ConnectRequest.lastZxidSeen')
  const timeOut = reader.readInt('ConnectRequest.timeOut')
  const sessionIdHi = reader.readInt('ConnectRequest.sessionId')
  const sessionIdLo = reader.readInt('ConnectRequest.sessionId')
  const passwd = reader.readBuffer('ConnectRequest.passwd')
  const hasReadOnly = reader.offset < reader.end
  const readOnly = hasReadOnly && reader.readBool('ConnectRequest.readOnly')
  return {
    protocolVersion,
    lastZxidSeenHi,
    lastZxidSeenLo,
    timeOut,
    sessionIdHi,
    sessionIdLo,
    passwd,
    readOnly,
    hasReadOnly
  }
}
