import { readFile } from 'node:fs/promises'
import type { Oracle } from '../../core/zab/quorum/oracle.ts'
import type { Logger } from '../logging/logger.ts'

/** How often the file is read; ms. */
const READ_MS = 200
const GRANTED = '1'.charCodeAt(0)

/**
 * The oracle of an ensemble of two voters (`oraclePath`): a file whose first character is 1 while this server may go on without the other
 * one. Something else writes it, such as a failure detector; a file that is missing or cannot be read says no.
 *
 * @see `QuorumOracleMaj`
 */
export class OracleFile implements Oracle {
  readonly #path: string
  readonly #log: Logger
  readonly #timer: NodeJS.Timeout
  #grants = false
  /** What was told of it last; null: nothing. */
  #told: string | null = null
  #isReading = false

  constructor(path: string, log: Logger) {
    this.#path = path
    this.#log = log
    this.#timer = setInterval(() => void this.read(), READ_MS).unref()
    void this.read()
  }

  get grants(): boolean {
    return this.#grants
  }

  /** Reads it now; called by itself. */
  async read(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      const bytes = await readFile(this.#path)
      this.#says(bytes[0] === GRANTED, null)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException // the file system throws nothing else
      this.#says(false, code ?? 'unknown')
    } finally {
      this.#isReading = false
    }
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #says(grants: boolean, problem: string | null): void {
    this.#grants = grants
    const told = problem ?? String(grants)
    if (told === this.#told) return
    this.#told = told
    if (problem !== null) {
      this.#log.warn(
        `the oracle ${this.#path} cannot be read (${problem}): without the other server, this one does not go on`
      )
    } else {
      this.#log.info(
        `the oracle ${this.#path} says that this server may ${grants ? '' : 'not '}go on without the other one`
      )
    }
  }
}
