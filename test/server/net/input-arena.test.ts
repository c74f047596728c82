import { describe, expect, test } from '@jest/globals'
import { InputArena } from '../../../src/server/net/input-arena.ts'
import { pattern } from './socket-pair.ts'

describe('the arena of a turn', () => {
  test('keeps what is put there until it is cleared, however much it is', () => {
    const arena = new InputArena()
    const kept: { page: Buffer; start: number; from: number; length: number }[] = []
    let from = 0
    for (let round = 0; round < 40; round++) {
      const length = [1, 40, 63, 64, 65, 1000, 65_536, 300_000][round % 8] as number
      const start = arena.keep(Buffer.concat([pattern(length, from), Buffer.from('not this')]), length)
      kept.push({ page: arena.page, start, from, length })
      from += length
    }
    for (const { page, start, from, length } of kept) {
      expect(page.subarray(start, start + length).equals(pattern(length, from))).toBe(true)
    }
  })

  test('uses its memory again when it is cleared', () => {
    const arena = new InputArena()
    const { page } = arena
    expect(arena.keep(pattern(10), 10)).toBe(0)
    expect(arena.keep(pattern(10), 10)).toBe(10)
    arena.keep(pattern(page.length), page.length)
    expect(arena.page).not.toBe(page)
    arena.clear()
    expect(arena.keep(pattern(10), 10)).toBe(0)
    expect(arena.page).toBe(page)
  })
})
