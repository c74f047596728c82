import { PacketType } from './packet-type.ts'

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PacketType).map(([name, type]) => [type, name.toUpperCase()])
)

interface Tracked {
  readonly type: number
  readonly wallMs: number
}

/**
 * The last packets of one link between servers, for a look at what went on when it ended (`zookeeper.messageTracker.Enabled`,
 * `…BufferSize`). @see class MessageTracker, whose lines these are; times are UTC here.
 */
export class MessageTracker {
  readonly #countMax: number
  readonly #wallMs: () => number
  /** Oldest first. */
  readonly #sent: Tracked[] = []
  readonly #received: Tracked[] = []

  /**
   * @param countMax kept in each direction
   * @param wallMs   the wall clock, ms since the epoch
   */
  constructor(countMax: number, wallMs: () => number) {
    this.#countMax = countMax
    this.#wallMs = wallMs
  }

  sent(type: number): void {
    this.#keep(this.#sent, type)
  }

  received(type: number): void {
    this.#keep(this.#received, type)
  }

  /** Tells all that is kept, and keeps it no longer. */
  dump(peer: string, log: (level: 'info' | 'warn', message: string) => void): void {
    for (const [where, kept] of [
      [`receivedBuffer from ${peer}`, this.#received],
      [`sentBuffer to ${peer}`, this.#sent]
    ] as const) {
      if (kept.length === 0) log('info', `No buffered timestamps for messages ${where}`)
      else log('warn', `Last ${kept.length} timestamps for messages ${where}:`)
      for (const { type, wallMs } of kept.splice(0)) {
        log('warn', `${where}  TimeStamp: ${timeText(wallMs)} Type: ${NAMES.get(type) ?? 'UNKNOWN'}`)
      }
    }
  }

  #keep(kept: Tracked[], type: number): void {
    if (kept.length >= this.#countMax) kept.shift()
    kept.push({ type, wallMs: this.#wallMs() })
  }
}

function timeText(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('T', ' ').replace('.', ',').replace('Z', '')
}
