import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { highWord, lowWord } from '../../../src/protocol/int64.ts'
import type { SnapshotWriter, Storage } from '../../../src/storage/storage.ts'
import { openStorage } from '../../../src/storage/storage.ts'
import { StorageError } from '../../../src/storage/storage-error.ts'
import { makeBatch } from '../../../test/storage/support/transactions.ts'
import { History, snapshotContent } from './history.ts'
import { findHistory, workloadOptions } from './open-image.ts'
import { Random } from './random.ts'

/**
 * A program that does everything that storage can do, in random order, and says what it was promised (see `promises.ts`).
 * It runs under the recorder. Arguments: root, seed, steps, `sync` or `no-sync`.
 */
class Workload {
  readonly #root: string
  readonly #random: Random
  readonly #forceSync: boolean
  readonly #lines: number
  #storage: Storage | null = null
  #history = new History()
  #nextZxid = 1n
  #sequence = 0
  readonly #lastZxids = new Map<number, bigint>()
  #persistedSequence = 0
  #wake: () => void = () => undefined

  constructor(root: string, seed: number, forceSync: boolean) {
    this.#forceSync = forceSync
    this.#root = root
    this.#random = new Random(seed)
    this.#lines = openSync(join(root, 'promises'), 'a')
  }

  async run(steps: number): Promise<void> {
    await this.#open()
    for (let step = 0; step < steps; step++) await this.#step()
    await this.#allPersisted()
    if (this.#random.chance(0.5)) await this.#current().flushAndClose(60_000)
    else await this.#current().abandon()
    closeSync(this.#lines)
  }

  async #step(): Promise<void> {
    const dice = this.#random.below(100)
    if (dice < 62) this.#appendSome()
    else if (dice < 72) await this.#allPersisted()
    else if (dice < 77) await this.#snapshot()
    else if (dice < 80) await this.#current().purge(1 + this.#random.below(2))
    else if (dice < 85) this.#current().roll()
    else if (dice < 90) await this.#beginEpoch()
    else if (dice < 94) await this.#truncate()
    else if (dice < 95) await this.#install()
    else if (dice < 97) await this.#reopen()
    else await new Promise((resolve) => setTimeout(resolve, 5))
  }

  async #open(): Promise<void> {
    const { storage, recovery } = await openStorage({
      ...workloadOptions(join(this.#root, 'data')),
      forceSync: this.#forceSync
    })
    this.#storage = storage
    const { history } = await findHistory(recovery)
    this.#history = history
    this.#nextZxid = history.lastZxid + 1n
    this.#say(`base ${history}`)
    storage.onFatal((error) => {
      throw error
    })
    storage.onPersisted((sequence) => {
      this.#persistedSequence = sequence
      this.#say(`persisted ${this.#lastZxids.get(sequence)}`)
      this.#wake()
    })
  }

  #appendSome(): void {
    const count = 1 + this.#random.below(12)
    for (let index = 0; index < count; index++) {
      const first = this.#nextZxid
      const txnCount = 1 + this.#random.below(6)
      const sizeBytes = this.#random.chance(0.03) ? 1 + this.#random.below(20_000) : 32 + this.#random.below(300)
      const batch = makeBatch(first, txnCount, sizeBytes)
      const last = first + BigInt(txnCount) - 1n
      this.#say(`append ${first} ${last}`)
      this.#lastZxids.set(this.#sequence + 1, last)
      if (!this.#current().append(this.#sequence + 1, batch)) throw new Error('the ring is full')
      this.#sequence++
      this.#history = this.#history.with(first, last)
      this.#nextZxid = last + 1n
    }
  }

  async #allPersisted(): Promise<void> {
    while (this.#persistedSequence < this.#sequence) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async #snapshot(): Promise<void> {
    const history = this.#history
    const writer = this.#current().beginSnapshot(highWord(history.lastZxid), lowWord(history.lastZxid))
    await this.#write(writer, history)
    this.#say(`snapshot ${history.lastZxid}`)
  }

  async #write(writer: SnapshotWriter, history: History): Promise<void> {
    const content = snapshotContent(history, this.#random.below(300_000))
    await writer.write(content)
    if (this.#random.chance(0.5)) this.#appendSomeDuring(history)
    const [zxidHi, zxidLo] = [highWord(history.lastZxid), lowWord(history.lastZxid)]
    await writer.finish({ zxidHi, zxidLo, digestHi: 1, digestLo: 2, nodeCount: 3, sessionCount: 4 })
  }

  /** Only while the snapshot is one of this history: not while another one is being installed. */
  #appendSomeDuring(history: History): void {
    if (history === this.#history) this.#appendSome()
  }

  /** A new epoch, as after an election. */
  async #beginEpoch(): Promise<void> {
    await this.#allPersisted()
    const epoch = Number(this.#history.lastZxid >> 32n) + 1
    await this.#setAcceptedEpoch(epoch)
    await this.#current().setCurrentEpoch(epoch)
    this.#say(`epoch current ${epoch}`)
    this.#nextZxid = (BigInt(epoch) << 32n) + 1n
  }

  async #setAcceptedEpoch(epoch: number): Promise<void> {
    await this.#current().setAcceptedEpoch(epoch)
    this.#say(`epoch accepted ${epoch}`)
  }

  async #truncate(): Promise<void> {
    await this.#allPersisted()
    const last = this.#history.ranges.at(-1)
    if (last === undefined) return
    const back = BigInt(this.#random.below(60))
    const zxid = last[1] - back < last[0] ? last[0] : last[1] - back
    this.#say(`truncating ${zxid}`)
    try {
      await this.#current().truncate(highWord(zxid), lowWord(zxid))
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'INCOMPLETE') throw error
      this.#say('kept')
      return
    }
    this.#history = this.#history.upTo(zxid)
    this.#nextZxid = zxid + 1n
    this.#say(`truncated ${zxid}`)
    const { history } = await findHistory(await this.#current().reload())
    if (history.toString() !== this.#history.toString())
      throw new Error(`truncated to ${this.#history}, found ${history}`)
  }

  async #install(): Promise<void> {
    await this.#allPersisted()
    const first = (((this.#history.lastZxid >> 32n) + 2n) << 32n) + 1n
    const history = this.#history.upTo(this.#history.lastZxid - 3n).with(first, first + 9n)
    const epoch = Number(first >> 32n)
    await this.#setAcceptedEpoch(epoch)
    const writer = this.#current().beginInstall(highWord(history.lastZxid), lowWord(history.lastZxid), epoch)
    this.#say(`installing ${history}`)
    await this.#write(writer, history)
    this.#history = history
    this.#nextZxid = history.lastZxid + 1n
    this.#say(`installed ${history}`)
  }

  async #reopen(): Promise<void> {
    await this.#allPersisted()
    if (this.#random.chance(0.5)) await this.#current().flushAndClose(60_000)
    else await this.#current().abandon()
    const before = this.#history.toString()
    this.#persistedSequence = this.#sequence
    await this.#open()
    if (this.#history.toString() !== before) throw new Error(`had ${before}, reopened with ${this.#history}`)
  }

  #current(): Storage {
    if (this.#storage === null) throw new Error('not open')
    return this.#storage
  }

  #say(line: string): void {
    writeSync(this.#lines, `${line}\n`)
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [root = '', seed = '1', steps = '100', sync = 'sync'] = process.argv.slice(2)
  await new Workload(root, Number(seed), sync === 'sync').run(Number(steps))
}
