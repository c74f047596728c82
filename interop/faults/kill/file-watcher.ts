import { type FSWatcher, watch } from 'node:fs'

/** Waits for files to appear in a folder. */
export class FileWatcher {
  readonly #watcher: FSWatcher
  #pattern: RegExp | null = null
  #seen: () => void = () => undefined

  constructor(folder: string) {
    this.#watcher = watch(folder, (_event, name) => {
      if (name !== null && this.#pattern?.test(name)) this.#seen()
    })
  }

  /** Resolves when a file whose name matches is made or changed, or at the deadline. */
  async appears(pattern: RegExp, timeoutMs: number): Promise<void> {
    this.#pattern = pattern
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      this.#seen = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#pattern = null
  }

  close(): void {
    this.#watcher.close()
  }
}
