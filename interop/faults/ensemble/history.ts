import { writeFileSync } from 'node:fs'

/** What a client asked for. The checker's program says what each kind means. */
export interface Asked {
  readonly client: number
  readonly key: string
  readonly kind: 'write' | 'cas' | 'read' | 'create'
  readonly value?: number
  /** Version that a `cas` asks for. */
  readonly expected?: number
  /** A read after sync, and not after a write. */
  readonly isSync?: boolean
}

export interface Answered {
  readonly outcome: 'done' | 'refused' | 'unknown'
  readonly readValue?: number
  /** That a write made or a read found; the number of a create. */
  readonly version?: number
}

/** All that clients asked for and were answered, with the times of one clock. */
export class History {
  readonly #lines: string[] = []
  readonly #writesAnsweredUs: number[] = []
  #unknown = 0

  get size(): number {
    return this.#lines.length
  }

  /** Operations that were never answered. */
  get unknown(): number {
    return this.#unknown
  }

  /** When the first request was made, and when writes were answered, those included that were refused for their version. */
  get writesAnsweredUs(): readonly number[] {
    return this.#writesAnsweredUs
  }

  /** Records one operation around its request. What `request` throws is not recorded and thrown on. */
  async record(asked: Asked, request: () => Promise<Answered>): Promise<Answered> {
    const callUs = nowUs()
    if (this.#writesAnsweredUs.length === 0) this.#writesAnsweredUs.push(callUs)
    const answered = await request()
    if (answered.outcome === 'unknown') this.#unknown++
    const returnUs = nowUs()
    if (answered.outcome !== 'unknown' && asked.kind !== 'read') this.#writesAnsweredUs.push(returnUs)
    this.#lines.push(JSON.stringify({ ...asked, callUs, ...answered, returnUs }))
    return answered
  }

  write(file: string): void {
    writeFileSync(file, `${this.#lines.join('\n')}\n`)
  }
}

/** Microseconds of a clock that only goes on. */
export function nowUs(): number {
  return Math.round(performance.now() * 1000)
}
