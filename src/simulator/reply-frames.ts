import { JuteWriter } from 'jute-ts'
import type { ConnectionId } from '../core/ports.ts'
import { encodeWatcherEvent } from '../protocol/generated/proto.ts'
import type { EventType } from '../protocol/op-code.ts'

const NOTIFICATION_XID = -1
/** KeeperState of a client that is connected, which every event has. */
const SYNC_CONNECTED = 3

/** The frames of an outbox, as it writes them: one at a time, and each for one connection. */
export class ReplyFrames {
  readonly #ended: (id: ConnectionId, frame: Buffer) => void
  #begun: { readonly id: ConnectionId; readonly writer: JuteWriter } | null = null

  /** @param ended is given each frame, without its length */
  constructor(ended: (id: ConnectionId, frame: Buffer) => void) {
    this.#ended = ended
  }

  beginFrame(id: ConnectionId): JuteWriter {
    this.#begun = { id, writer: new JuteWriter(128) }
    return this.#begun.writer
  }

  beginReply(id: ConnectionId, xid: number, zxidHi: number, zxidLo: number, err: number): JuteWriter {
    const writer = this.beginFrame(id)
    writer.writeInt(xid)
    writer.writeInt64(zxidHi, zxidLo)
    writer.writeInt(err)
    return writer
  }

  /** @returns its bytes. @throws Error if none was begun */
  endFrame(): number {
    const begun = this.#begun
    this.#begun = null
    if (begun === null) throw new Error('no frame was begun')
    this.#ended(begun.id, begun.writer.bytes())
    return begun.writer.offset
  }

  notify(id: ConnectionId, zxidHi: number, zxidLo: number, type: EventType, path: string): number {
    encodeWatcherEvent(this.beginReply(id, NOTIFICATION_XID, zxidHi, zxidLo, 0), { type, state: SYNC_CONNECTED, path })
    return this.endFrame()
  }
}
