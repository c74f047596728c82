import { stat } from 'node:fs/promises'

/** How often files are looked at; ms. */
const LOOK_MS = 1000

/**
 * Tells when files have changed and rest again.
 *
 * They are looked at each second rather than by the system's notices: these get lost over network file systems, and where a file is a link
 * into a folder that is exchanged as a whole, as Kubernetes does with secrets.
 */
export class FileWatch {
  readonly #files: readonly string[]
  readonly #changed: () => void
  readonly #timer: NodeJS.Timeout
  #known: string | null = null
  #seen: string | null = null
  #isLooking = false

  /** @param changed called once all files have stayed as they are for a second */
  constructor(files: readonly string[], changed: () => void) {
    this.#files = files
    this.#changed = changed
    this.#timer = setInterval(() => void this.look(), LOOK_MS).unref()
    void this.look()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  /** Looks now; called by itself. */
  async look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    const state = (await Promise.all(this.#files.map(stateOf))).join()
    this.#isLooking = false
    const isResting = state === this.#seen
    this.#seen = state
    this.#known ??= state
    if (!isResting || state === this.#known) return
    this.#known = state
    this.#changed()
  }
}

/** What changes with a file; a missing one has a state, too. */
async function stateOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(file, { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  }
}
