import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FrameLengthError, FrameSplitter } from '../../src/client/frame-splitter.ts'

test('the same frames come out however their bytes are cut', () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })
  const cuts = fc.array(fc.nat({ max: 60 }), { maxLength: 30 })
  fc.assert(
    fc.property(frames, cuts, (payloads, sizes) => {
      const splitter = new FrameSplitter(40)

      const found = cut(Buffer.concat(payloads.map(framed)), sizes).flatMap((piece) => {
        splitter.push(piece)
        return drain(splitter)
      })

      expect(found).toEqual(payloads.map((payload) => Buffer.from(payload)))
    })
  )
})

test('frames come out when the bytes are all pushed before any is taken', () => {
  const splitter = new FrameSplitter(100)

  splitter.push(framed(Buffer.from('one')))
  splitter.push(framed(Buffer.from('two')))
  splitter.push(Buffer.from([0, 0]))

  expect(drain(splitter).map(String)).toEqual(['one', 'two'])
})

test.each([-1, 101, 0x7fffffff, -0x80000000])(
  'a frame length of %i ends the stream before anything is allocated',
  (length) => {
    const splitter = new FrameSplitter(100)
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(length)

    splitter.push(bytes)

    expect(() => splitter.next()).toThrow(FrameLengthError)
  }
)

function framed(payload: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(payload.length)
  return Buffer.concat([length, payload])
}

/** Pieces of the given sizes, then the rest. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  let offset = 0
  for (const size of sizes) {
    pieces.push(Buffer.from(bytes.subarray(offset, offset + size)))
    offset += size
  }
  return [...pieces, Buffer.from(bytes.subarray(offset))]
}

function drain(splitter: FrameSplitter): Buffer[] {
  const frames: Buffer[] = []
  for (let frame = splitter.next(); frame !== null; frame = splitter.next()) frames.push(Buffer.from(frame))
  return frames
}
