import type { JuteWriter } from 'jute-ts'
import { encodeStat, type Stat } from '../../../protocol/generated/data.ts'
import { NO_NODE, type OpResult } from '../data-tree.ts'
import type { NodeTable } from '../node-table.ts'

/** perf: bench/load, set; a stat goes from the node into the reply, and is an object only where it must outlast the node's state. */
export class Outcome implements OpResult {
  readonly type: number
  readonly err: number
  readonly path: string | null
  readonly #nodes: NodeTable
  readonly #node: number
  #stat: Stat | null = null

  /** @param node whose stat belongs to it; NO_NODE if there is none */
  constructor(type: number, err: number, path: string | null, nodes: NodeTable, node: number) {
    this.type = type
    this.err = err
    this.path = path
    this.#nodes = nodes
    this.#node = node
  }

  get stat(): Stat | null {
    this.keepStat()
    return this.#stat
  }

  writeStat(writer: JuteWriter): void {
    if (this.#stat !== null) encodeStat(writer, this.#stat)
    else if (this.#node !== NO_NODE) this.#nodes.writeStat(this.#node, writer)
  }

  /** Keeps the stat as it is now. */
  keepStat(): void {
    if (this.#stat === null && this.#node !== NO_NODE) this.#stat = this.#nodes.shownStat(this.#node)
  }
}
