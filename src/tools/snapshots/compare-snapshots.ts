import type { TextOutput } from '../text-output.ts'
import { byLabel, type OutlineNode, type TreeOutline } from './tree-outline.ts'

/** Differences of two trees in sizes and counts, in the form of upstream's `SnapshotComparer`. */

export interface ComparerOptions {
  /** A difference is shown when it is more than this in bytes … */
  readonly bytesMax: number
  /** … or than this in nodes. */
  readonly nodesMax: number
  readonly isDebug: boolean
  /** The operator's lines, one at a time, null at their end; null in place of it: nobody is asked. */
  readonly nextLine: (() => string | null) | null
}

const PROMPT = [
  '- Press enter to move to print current depth layer;',
  '- Type a number to jump to and print all nodes at a given depth;',
  "- Enter an ABSOLUTE path to print the immediate subtree of a node. Path must start with '/'."
]

export function describeOutline({ root, depths, nodeCount }: TreeOutline): string {
  const lines = [
    `Node count: ${nodeCount}`,
    `Total size: ${root.descendantBytes}`,
    `Max depth: ${depths.length}`,
    ...depths.map((nodes, depth) => `Count of nodes at depth ${depth}: ${nodes.length}`)
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** Compares layer by layer, or what the operator asks for until his lines end. */
export class Comparer {
  readonly #left: TreeOutline
  readonly #right: TreeOutline
  readonly #options: ComparerOptions
  readonly #out: TextOutput
  readonly #depthCount: number

  constructor(left: TreeOutline, right: TreeOutline, options: ComparerOptions, out: TextOutput) {
    this.#left = left
    this.#right = right
    this.#options = options
    this.#out = out
    this.#depthCount = Math.max(left.depths.length, right.depths.length)
  }

  compare(): void {
    const { nextLine } = this.#options
    if (nextLine === null) {
      this.#showThresholds()
      for (let depth = 0; depth < this.#depthCount; depth++) this.#compareDepth(depth)
    } else if (!this.#converse(nextLine)) {
      return
    }
    this.#line('All layers compared.')
  }

  /** @returns whether all layers were gone through */
  #converse(nextLine: () => string | null): boolean {
    for (let depth = 0; depth < this.#depthCount; ) {
      this.#line([`Current depth is ${depth}`, ...PROMPT].join('\n'))
      const input = nextLine()
      if (input === null) return false
      this.#showThresholds()
      if (input === '') {
        this.#compareDepth(depth)
        depth++
      } else if (input.startsWith('/')) {
        this.#line(`Analysis for node ${input}`)
        this.#compareChildren(input)
      } else if (/^[+-]?\d{1,10}$/.test(input)) {
        const wanted = Number(input)
        if (wanted < 0 || wanted >= this.#depthCount) {
          this.#line(`Depth must be in range [0, ${this.#depthCount - 1}]`)
          continue
        }
        depth = wanted
        this.#compareDepth(depth)
      } else {
        this.#line(
          `Input ${input} is not valid. Depth must be in range [0, ${this.#depthCount - 1}]. ` +
            "Path must be an absolute path which starts with '/'."
        )
      }
      this.#line('')
    }
    return true
  }

  #showThresholds(): void {
    const { bytesMax, nodesMax } = this.#options
    this.#line(
      `Printing analysis for nodes difference larger than ${bytesMax} bytes or node count difference larger than ${nodesMax}.`
    )
  }

  #compareDepth(depth: number): void {
    this.#line(`Analysis for depth ${depth}`)
    this.#compareNodes(this.#left.depths[depth] ?? [], this.#right.depths[depth] ?? [])
  }

  #compareChildren(path: string): void {
    const [left, right] = [this.#left.find(path), this.#right.find(path)]
    if (left === undefined && right === undefined) {
      this.#line(`Path ${path} is neither found in left tree nor right tree.`)
      return
    }
    const [ofLeft, ofRight] = [left?.children ?? [], right?.children ?? []]
    this.#compareNodes([...ofLeft].sort(byLabel), [...ofRight].sort(byLabel))
  }

  /** Both sorted by path. */
  #compareNodes(left: readonly OutlineNode[], right: readonly OutlineNode[]): void {
    for (let leftIndex = 0, rightIndex = 0; leftIndex < left.length || rightIndex < right.length; ) {
      const [ofLeft, ofRight] = [left[leftIndex], right[rightIndex]]
      if (ofLeft !== undefined && ofRight !== undefined) {
        this.#debug(`Comparing ${ofLeft.label} to ${ofRight.label}`)
        const order = byLabel(ofLeft, ofRight)
        this.#debug(order < 0 ? 'left is less' : order > 0 ? 'right is less' : 'same')
        if (order < 0) this.#showOne(ofLeft, 'left')
        else if (order > 0) this.#showOne(ofRight, 'right')
        else this.#showBoth(ofLeft, ofRight)
        if (order <= 0) leftIndex++
        if (order >= 0) rightIndex++
      } else if (ofLeft !== undefined) {
        this.#showOne(ofLeft, 'left')
        leftIndex++
      } else if (ofRight !== undefined) {
        this.#showOne(ofRight, 'right')
        rightIndex++
      }
    }
  }

  #showOne({ label, descendantBytes, descendantCount }: OutlineNode, side: 'left' | 'right'): void {
    if (this.#isMuch(descendantBytes, descendantCount)) {
      this.#line(
        `Node ${label} found only in ${side} tree. Descendant size: ${descendantBytes}. Descendant count: ${descendantCount}`
      )
    } else {
      this.#filtered(`Filtered ${side} node ${label} of size ${descendantBytes}`)
    }
  }

  #showBoth(left: OutlineNode, right: OutlineNode): void {
    const bytes = right.descendantBytes - left.descendantBytes
    const nodes = right.descendantCount - left.descendantCount
    if (this.#isMuch(Math.abs(bytes), Math.abs(nodes))) {
      this.#line(`Node ${left.label} found in both trees. Delta: ${bytes} bytes, ${nodes} descendants`)
    } else {
      this.#filtered(
        `Filtered node ${left.label} of left size ${left.descendantBytes}, right size ${right.descendantBytes}`
      )
    }
  }

  #isMuch(bytes: number, nodes: number): boolean {
    return bytes > this.#options.bytesMax || nodes > this.#options.nodesMax
  }

  #filtered(text: string): void {
    if (this.#options.isDebug || this.#options.nextLine !== null) this.#line(text)
  }

  #debug(text: string): void {
    if (this.#options.isDebug) this.#line(text)
  }

  #line(text: string): void {
    this.#out.write(`${text}\n`)
  }
}
