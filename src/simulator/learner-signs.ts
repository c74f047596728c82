import { PacketType } from '../core/zab/packet-type.ts'
import { type PacketHandler, QuorumPacketReader } from '../core/zab/wire/quorum-packet-reader.ts'
import { toHex } from '../protocol/int64.ts'

const DATA_BYTES_MAX = 1 << 26
/** Of a session and its timeout, in the table of a PING and in a REVALIDATE. */
const TOUCH_BYTES = 12

/** Is told what a learner says of sessions to its leader. */
export interface SignEvents {
  /** Answers a PING: of these sessions there were signs of life since the last one. */
  pinged(sessions: readonly string[]): void
  /** A client asks whether its session lives. */
  revalidated(session: string): void
}

/** Listens to one direction of a connection of the quorum port: from learner to leader. */
export class LearnerSigns implements PacketHandler {
  readonly #reader = new QuorumPacketReader(DATA_BYTES_MAX)
  readonly #events: SignEvents

  constructor(events: SignEvents) {
    this.#events = events
  }

  /** @param bytes the next ones */
  push(bytes: Uint8Array): void {
    this.#reader.push(bytes, this)
  }

  packet({ type, data }: QuorumPacketReader): void {
    if (data === null) return
    if (type === PacketType.revalidate && data.length >= TOUCH_BYTES) this.#events.revalidated(sessionAt(data, 0))
    if (type !== PacketType.ping) return
    const sessions: string[] = []
    for (let offset = 0; offset + TOUCH_BYTES <= data.length; offset += TOUCH_BYTES) {
      sessions.push(sessionAt(data, offset))
    }
    this.#events.pinged(sessions)
  }

  raw(bytes: Buffer): number {
    return bytes.length
  }
}

function sessionAt(data: Buffer, offset: number): string {
  return toHex(data.readInt32BE(offset), data.readInt32BE(offset + 4))
}
