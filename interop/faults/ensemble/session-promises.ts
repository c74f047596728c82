/** What one session may take for granted of whatever servers it is connected to; told what happens, it says what is wrong. */
export class SessionPromises {
  /** Highest version of each path that this session has seen. */
  readonly #versions = new Map<string, number>()
  readonly #watches = new Map<string, WatchSet>()
  #zxid = 0n

  version(path: string): number {
    return this.#versions.get(path) ?? 0
  }

  /** Data with this version were seen: nothing goes back, and the event of a watch comes before what it tells of. */
  saw(path: string, version: number): string | null {
    const before = this.version(path)
    this.#versions.set(path, Math.max(before, version))
    if (version < before) return `${path} went back from version ${before} to ${version}`
    const watch = this.#watches.get(path)
    if (watch === undefined || watch.setAtVersion === null) return null
    if (watch.hasFired) this.#watches.delete(path)
    else if (version > watch.setAtVersion) {
      return `${path} was seen at version ${version} before the event of the watch of version ${watch.setAtVersion}`
    }
    return null
  }

  /** Highest zxid of an answer. */
  sawZxid(zxid: bigint): string | null {
    if (zxid < this.#zxid) return `the zxid went back from ${this.#zxid} to ${zxid}`
    this.#zxid = zxid
    return null
  }

  /** @returns the watch to hand to the read, and to {@link WatchSet.set} when it was answered; null while there is one already */
  watch(path: string): WatchSet | null {
    const before = this.#watches.get(path)
    if (before !== undefined && !before.hasFired) return null
    const watch = new WatchSet()
    this.#watches.set(path, watch)
    return watch
  }

  /** The read that was to set it was not answered: it may be there or not. */
  forgetWatch(path: string): void {
    this.#watches.delete(path)
  }
}

/** A one-shot watch. */
export class WatchSet {
  /** Null until the read that sets it was answered. */
  setAtVersion: number | null = null
  hasFired = false

  fire(): void {
    this.hasFired = true
  }
}

/** A znode that one session alone writes, several requests at a time: what FIFO order promises of the answers. */
export class OwnRegister {
  #acknowledged = 0
  #sent = 0

  /** Value for the next write; they count up. */
  next(): number {
    return ++this.#sent
  }

  /**
   * @param answers of one burst, in the order of the requests; a read follows each write
   * @param isWhole whether none of them was lost with its connection
   */
  judge(answers: readonly BurstAnswer[], isWhole: boolean): string | null {
    for (const { value, isAcknowledged, read } of answers) {
      if (isAcknowledged) this.#acknowledged = Math.max(this.#acknowledged, value)
      if (isWhole && read !== value) return `${value} was written, and ${read} read right behind it`
    }
    return null
  }

  /** A read at a moment when nothing is under way. */
  judgeRead(value: number): string | null {
    if (value < this.#acknowledged) return `${this.#acknowledged} was acknowledged, and ${value} read later`
    if (value > this.#sent) return `${value} was read, and never written`
    this.#acknowledged = value
    return null
  }
}

export interface BurstAnswer {
  readonly value: number
  readonly isAcknowledged: boolean
  readonly read: number | null
}
