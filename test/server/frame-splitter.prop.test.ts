import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FrameSplitter } from '../../src/server/frame-splitter.ts'

const LENGTH_MAX = 300

function framed(payloads: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    payloads.flatMap((payload) => {
      const length = Buffer.alloc(4)
      length.writeInt32BE(payload.length)
      return [length, payload]
    })
  )
}

/** Pushes pieces that all come in the same memory, which is overwritten in between. */
function split(
  stream: Buffer,
  cuts: readonly number[]
): { frames: Buffer[]; refused: number | null; heldBytes: number } {
  const splitter = new FrameSplitter(LENGTH_MAX)
  const memory = Buffer.alloc(stream.length + 7)
  const frames: Buffer[] = []
  let refused: number | null = null
  const ends = [...new Set(cuts.map((cut) => cut % (stream.length + 1)))].sort((a, b) => a - b).concat(stream.length)
  let from = 0
  for (const end of ends) {
    const start = from % 7
    stream.copy(memory, start, from, end)
    refused ??= splitter.push(
      memory,
      (bytes, at, to) => frames.push(Buffer.from(bytes.subarray(at, to))),
      start,
      start + end - from
    )
    memory.fill(0xdd)
    if (refused !== null) break
    from = end
  }
  return { frames, refused, heldBytes: splitter.heldBytes }
}

const payloads = fc.array(fc.uint8Array({ maxLength: LENGTH_MAX }), { maxLength: 12 })
const cuts = fc.array(fc.nat(), { maxLength: 20 })

describe('frames of a connection', () => {
  test('are the same however their bytes are split', () => {
    fc.assert(
      fc.property(payloads, cuts, (sent, where) => {
        const { frames, refused, heldBytes } = split(framed(sent), where)
        expect(refused).toBeNull()
        expect(heldBytes).toBe(0)
        expect(frames.map((frame) => frame.toString('hex'))).toEqual(
          sent.map((payload) => Buffer.from(payload).toString('hex'))
        )
      })
    )
  })

  test('before one whose length is refused are all there, and none behind it', () => {
    fc.assert(
      fc.property(
        payloads,
        payloads,
        fc.oneof(fc.integer({ max: -1 }), fc.integer({ min: LENGTH_MAX + 1 })),
        cuts,
        (before, after, length, where) => {
          const wrong = Buffer.alloc(4)
          wrong.writeInt32BE(length)
          const { frames, refused } = split(Buffer.concat([framed(before), wrong, framed(after)]), where)
          expect(refused).toBe(length)
          expect(frames.length).toBe(before.length)
        }
      )
    )
  })

  test('that are not whole are held, with no more memory than came', () => {
    const splitter = new FrameSplitter(1_000_000)
    const announced = Buffer.alloc(10)
    announced.writeInt32BE(999_999)
    expect(splitter.push(announced, () => undefined)).toBeNull()
    expect(splitter.heldBytes).toBe(10)
  })
})
