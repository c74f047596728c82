import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JuteError, JuteReader, JuteWriter } from 'jute-ts'
import { decodeTxn, encodeTxn, type Txn, type TxnBody } from '../../src/protocol/txn.ts'
import { bodyType } from '../../src/protocol/txn-body.ts'
import { TxnFormatError } from '../../src/protocol/txn-format-error.ts'

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const path = fc.string({ maxLength: 20, unit: 'grapheme' }).map((text) => `/${text}`)
const data = fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)))
const id = fc.record({ scheme: fc.option(fc.string({ maxLength: 6 })), id: fc.option(fc.string({ maxLength: 6 })) })
const acl = fc.option(fc.array(fc.record({ perms: int32, id }), { maxLength: 4 }))

function createOf(type: 1 | 15 | 19 | 21, mode: fc.Arbitrary<'persistent' | 'ephemeral' | 'container' | 'ttl'>) {
  const ttl = type === 21 ? int32 : fc.constant(0)
  return fc.record({
    kind: fc.constant('create' as const),
    type: fc.constant(type),
    path,
    data,
    acl,
    mode,
    ttlHi: ttl,
    ttlLo: ttl,
    parentCversion: int32
  })
}

const plainMode = fc.constantFrom('persistent' as const, 'ephemeral' as const)
const operation: fc.Arbitrary<TxnBody> = fc.oneof(
  createOf(1, plainMode),
  createOf(15, plainMode),
  createOf(19, fc.constant('container')),
  createOf(21, fc.constant('ttl')),
  fc.record({ kind: fc.constant('delete' as const), type: fc.constantFrom(2 as const, 20 as const), path }),
  fc.record({
    kind: fc.constant('setData' as const),
    type: fc.constantFrom(5 as const, 16 as const),
    path,
    data,
    version: int32
  }),
  fc.record({ kind: fc.constant('setACL' as const), path, acl, version: int32 }),
  fc.record({ kind: fc.constant('check' as const), path, version: int32 }),
  fc.record({ kind: fc.constant('error' as const), err: int32 })
)
const body: fc.Arbitrary<TxnBody> = fc.oneof(
  operation,
  fc.record({ kind: fc.constant('multi' as const), operations: fc.array(operation, { maxLength: 5 }) }),
  fc.record({ kind: fc.constant('createSession' as const), timeoutMs: int32 }),
  fc.record({ kind: fc.constant('closeSession' as const), paths: fc.option(fc.array(path, { maxLength: 5 })) })
)
const txn: fc.Arbitrary<Txn> = fc
  .record({
    body,
    words: fc.tuple(int32, int32, int32, int32, int32, int32, int32),
    digest: fc.option(fc.record({ version: fc.constant(2), treeDigestHi: int32, treeDigestLo: int32 }))
  })
  .map(({ body, digest, words: [clientIdHi, clientIdLo, cxid, zxidHi, zxidLo, timeHi, timeLo] }) => ({
    header: { clientIdHi, clientIdLo, cxid, zxidHi, zxidLo, timeHi, timeLo, type: bodyType(body) },
    body,
    digest
  }))

function encode(one: Txn): Buffer {
  const writer = new JuteWriter(16)
  encodeTxn(writer, one)
  return writer.copyBytes()
}

test('what is encoded is decoded as it was', () => {
  fc.assert(
    fc.property(txn, (one) => {
      expect(decodeTxn(new JuteReader(encode(one)))).toEqual(one)
    }),
    { numRuns: 1000 }
  )
})

test('bytes that are cut or changed decode to something that encodes to them, or are refused', () => {
  fc.assert(
    fc.property(txn, fc.nat(), fc.nat({ max: 255 }), fc.nat(), (one, at, byte, end) => {
      const whole = encode(one)
      whole[at % whole.length] = byte
      const bytes = whole.subarray(0, whole.length - (end % 3 === 0 ? end % whole.length : 0))

      expect(outcome(bytes)).toMatch(/same|refused|shorter form/)
    }),
    { numRuns: 1000 }
  )
})

/** Booleans other than 1, malformed UTF-8, negative vector lengths and old formats come out in their usual form. */
function outcome(bytes: Buffer): string {
  try {
    const decoded = decodeTxn(new JuteReader(bytes))
    const again = encode(decoded)
    expect(decodeTxn(new JuteReader(again))).toEqual(decoded)
    return again.equals(bytes) ? 'same' : 'shorter form'
  } catch (error) {
    if (error instanceof JuteError || error instanceof TxnFormatError) return 'refused'
    throw error
  }
}
