import { describe, expect, test } from '@jest/globals'
import { seededRandom } from '../../../../src/core/random.ts'
import { BLOCK_HEAD_BYTES, BlockArena } from '../../../../src/core/tree/compact/block-arena.ts'
import { IntRecords } from '../../../../src/core/tree/compact/int-records.ts'
import { Field, NODE_FIELD_COUNT } from '../../../../src/core/tree/compact/node-record.ts'

/** One slab for each of 81 sizes, and four spare ones. */
const SLABS_BYTES = 85 << 18

/** Nodes that have a block each, and what must be in it. */
class Blocks {
  readonly nodes = new IntRecords(NODE_FIELD_COUNT)
  readonly arena = new BlockArena(this.nodes)
  readonly sizes = new Map<number, number>()
  usedBytes = 0
  #stamp = 0
  readonly #stamps = new Map<number, number>()

  add(size: number): number {
    const node = this.nodes.allocate()
    this.#put(node, size)
    return node
  }

  resize(node: number, size: number): void {
    this.#release(node)
    this.#put(node, size)
  }

  remove(node: number): void {
    this.#release(node)
    this.sizes.delete(node)
    this.nodes.release(node)
  }

  /** Whether the block holds what was put there. */
  isWhole(node: number): boolean {
    const block = this.nodes.get(node, Field.block)
    const start = this.arena.start(block)
    const bytes = this.arena.bytes(block).subarray(start, start + this.#sizeOf(node) - BLOCK_HEAD_BYTES)
    return bytes.every((byte) => byte === this.#stamps.get(node))
  }

  #sizeOf(node: number): number {
    return this.sizes.get(node) ?? 0
  }

  #put(node: number, size: number): void {
    const block = this.arena.allocate(size, node)
    this.nodes.set(node, Field.block, block)
    this.sizes.set(node, size)
    this.usedBytes += size
    this.#stamp = (this.#stamp + 1) & 0xff
    this.#stamps.set(node, this.#stamp)
    const start = this.arena.start(block)
    this.arena.bytes(block).fill(this.#stamp, start, start + size - BLOCK_HEAD_BYTES)
  }

  #release(node: number): void {
    const size = this.#sizeOf(node)
    this.usedBytes -= size
    this.arena.release(this.nodes.get(node, Field.block), size)
  }
}

describe('blocks', () => {
  test('keep what they hold while others come, go and change their size', () => {
    const random = seededRandom(1)
    const blocks = new Blocks()
    const live: number[] = []
    for (let step = 0; step < 30000; step++) {
      const size = BLOCK_HEAD_BYTES + Math.floor(random() ** 4 * 40000)
      const at = Math.floor(random() * live.length)
      const node = live[at]
      if (node === undefined || live.length < 200) live.push(blocks.add(size))
      else if (step % 3 === 0) {
        blocks.remove(node)
        live[at] = blocks.add(size)
      } else blocks.resize(node, size)
    }

    expect(live.filter((node) => !blocks.isWhole(node))).toEqual([])
  })

  test.each([
    { what: 'of all sizes', sizeOf: (_round: number, random: number) => 5 + Math.floor(random * 1500) },
    {
      what: 'that grow and shrink together',
      sizeOf: (round: number, random: number) => 20 + (round % 5) * 400 + random * 90
    },
    { what: 'mostly small, some of them large', sizeOf: (_round: number, random: number) => 8 + random ** 20 * 60000 }
  ])(
    '$what, set anew for long, hold no more than 1.2 times what is in them and one slab for each size',
    ({ sizeOf }) => {
      const random = seededRandom(2)
      const blocks = new Blocks()
      const live = Array.from({ length: 30000 }, () => blocks.add(100))
      const worst = { ratio: 0 }
      for (let round = 0; round < 10; round++) {
        for (let step = 0; step < 30000; step++) {
          const node = live[Math.floor(random() * live.length)] ?? 0
          blocks.resize(node, Math.floor(sizeOf(round, random())))
        }
        const held = blocks.arena.heldBytes - SLABS_BYTES
        // Small blocks are rounded to 8 bytes.
        worst.ratio = Math.max(worst.ratio, held / (blocks.usedBytes + 7 * live.length))
      }

      expect(worst.ratio).toBeLessThan(1.2)
    }
  )

  test('give their memory back when they go, but for a few slabs', () => {
    const blocks = new Blocks()
    const live = Array.from({ length: 100000 }, (_, index) => blocks.add(100 + (index % 50)))

    for (const node of live) blocks.remove(node)

    expect(blocks.arena.heldBytes).toBe(4 << 18)
  })

  test.each([1, 4, 8, 9, 255, 256, 257, 288, 289, 4096, 16383, 16384, 16385, 1 << 20])(
    'of %d bytes stay where they are exactly while a size fits the same cell',
    (size) => {
      const arena = new BlockArena(new IntRecords(NODE_FIELD_COUNT))
      const same = [size - 1, size, size + 1, 2 * size].filter((other) => arena.isSameCell(size, other))

      expect(same).toContain(size)
      expect(same).not.toContain(2 * size + 8)
      expect(arena.isSameCell(size, 2 * size + 8)).toBe(false)
    }
  )
})
