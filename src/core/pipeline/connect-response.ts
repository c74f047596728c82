import type { ClientConnection } from '../client-connection.ts'
import { SESSION_PASSWORD_SIZE_BYTES, writeSessionPassword } from '../session/session-password.ts'
import type { PeerState } from './peer-state.ts'

const password = new Uint8Array(SESSION_PASSWORD_SIZE_BYTES)
const noPassword = new Uint8Array(SESSION_PASSWORD_SIZE_BYTES)

/**
 * Sends the ConnectResponse of the connection's session; without one it says that the session is gone, by a timeout,
 * an id and a password of zeros. The readOnly byte is there exactly if the request had it (clients before 3.4 don't).
 */
export function writeConnectResponse(state: PeerState, connection: ClientConnection): void {
  const { session } = connection
  const writer = state.out.beginFrame(connection.id)
  writer.writeInt(0)
  writer.writeInt(session?.timeoutMs ?? 0)
  writer.writeInt64(session?.idHi ?? 0, session?.idLo ?? 0)
  if (session === null) writer.writeBuffer(noPassword)
  else {
    writeSessionPassword(session.idHi, session.idLo, password, 0)
    writer.writeBuffer(password)
  }
  if (connection.hasReadOnlyByte) writer.writeBool(state.isReadOnly)
  state.out.endFrame()
}
