import type { InputBatch } from '../../src/core/input-batch.ts'
import type { SnapshotSummary } from '../../src/core/outbox.ts'
import type { CoreSettings } from '../../src/core/pipeline/core-settings.ts'
import type { DataTree } from '../../src/core/tree/data-tree.ts'
import { PlainTree } from '../../src/core/tree/plain-tree.ts'
import { testHash } from '../core/peer-harness.ts'
import type { Dice } from './dice.ts'
import type { SimulatedDisk } from './disk.ts'
import { check } from './simulation-error.ts'
import { TreePicture } from './tree-picture.ts'

const SLICE_BYTES_MAX = 1500

interface Recorded {
  readonly chunks: Buffer[]
  /** The tree when it began. */
  readonly picture: TreePicture
  summary: SnapshotSummary | null
}

/**
 * Takes snapshots as the shell does, in slices of any size with any number of steps between them, and looks whether the
 * stream holds the tree as it was when it began. Some cannot be written, in the middle or at the end.
 */
export class SnapshotRecorder {
  writtenCount = 0
  readonly #settings: CoreSettings
  readonly #dice: Dice
  readonly #disk: SimulatedDisk
  readonly #inputs: InputBatch
  #recorded: Recorded | null = null
  #isPullGiven = false

  constructor(settings: CoreSettings, dice: Dice, disk: SimulatedDisk, inputs: InputBatch) {
    this.#settings = settings
    this.#dice = dice
    this.#disk = disk
    this.#inputs = inputs
  }

  begin(tree: DataTree): void {
    check(this.#recorded === null, () => 'a snapshot begins while another one is being written')
    this.#recorded = { chunks: [], picture: TreePicture.of(tree), summary: null }
  }

  chunk(bytes: Uint8Array): void {
    this.#isPullGiven = false
    this.#recorded?.chunks.push(Buffer.from(bytes))
  }

  end(summary: SnapshotSummary): void {
    const recorded = this.#recorded
    if (recorded === null) throw new Error('a snapshot ends that never began')
    recorded.summary = summary
    const tree = new PlainTree(testHash, this.#settings)
    const loader = tree.loadSnapshot(summary.zxidHi, summary.zxidLo)
    for (const chunk of recorded.chunks) loader.push(chunk)
    check(loader.done, () => 'a snapshot stream has no end')
    TreePicture.of(tree).checkSame(recorded.picture, 'snapshot')
    const digest = `${tree.digestHi},${tree.digestLo}`
    const { digestHi, digestLo, sessionCount, nodeCount } = summary
    check(digest === `${digestHi},${digestLo}`, () => `a snapshot's digest is ${digest}, not ${digestHi},${digestLo}`)
    check(loader.sessions.length === sessionCount, () => `a snapshot has ${loader.sessions.length} sessions`)
    check(tree.nodeCount === nodeCount, () => `a snapshot has ${tree.nodeCount} nodes, not ${nodeCount}`)
  }

  /** Adds to the next step that the writer has room, or is done, or has failed. */
  go(): void {
    const recorded = this.#recorded
    if (recorded === null) return
    if (recorded.summary !== null) {
      const isWritten = this.#dice.chance(0.9)
      if (isWritten) this.#disk.store(Buffer.concat(recorded.chunks), recorded.summary)
      this.#done(isWritten)
    } else if (this.#dice.chance(0.005)) {
      this.#done(false)
    } else if (!this.#isPullGiven) {
      this.#isPullGiven = true
      this.#inputs.pushSnapshotPull(this.#dice.between(1, SLICE_BYTES_MAX))
    }
  }

  /** What was being written is lost. */
  crashed(): void {
    this.#recorded = null
    this.#isPullGiven = false
  }

  #done(isWritten: boolean): void {
    this.crashed()
    this.#inputs.pushSnapshotDone(isWritten)
    if (isWritten) this.writtenCount++
  }
}
