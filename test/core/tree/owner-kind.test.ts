import { describe, expect, test } from '@jest/globals'
import { isValidTtl, ownerKind, ttlMs, ttlOwnerHi } from '../../../src/core/tree/owner-kind.ts'

const MIN = -2147483648

describe('a stored ephemeralOwner', () => {
  test.each([
    { hi: 0, lo: 0, basic: 'none', extended: 'none', emulated: 'none' },
    { hi: 0, lo: 1, basic: 'session', extended: 'session', emulated: 'session' },
    { hi: 0x01000001, lo: -5, basic: 'session', extended: 'session', emulated: 'session' },
    { hi: MIN, lo: 0, basic: 'container', extended: 'container', emulated: 'container' },
    { hi: MIN, lo: 1, basic: 'session', extended: 'session', emulated: 'ttl' },
    { hi: 0xff000000 | 0, lo: 1, basic: 'session', extended: 'ttl', emulated: 'ttl' },
    { hi: 0xff0000ff | 0, lo: -1, basic: 'session', extended: 'ttl', emulated: 'ttl' },
    { hi: 0xff000100 | 0, lo: 1, basic: 'session', extended: null, emulated: 'ttl' },
    { hi: 0xfe000000 | 0, lo: 1, basic: 'session', extended: 'session', emulated: 'ttl' }
  ])(
    '$hi, $lo is $basic, with extended types $extended, as 3.5.3 $emulated',
    ({ hi, lo, basic, extended, emulated }) => {
      expect(ownerKind(hi, lo, { extendedTypesEnabled: false })).toBe(basic)
      expect(ownerKind(hi, lo, { extendedTypesEnabled: true })).toBe(extended)
      expect(ownerKind(hi, lo, { extendedTypesEnabled: true, emulate353TtlNodes: true })).toBe(emulated)
    }
  )
})

test.each([
  { hi: 0, lo: 0, valid: false },
  { hi: 0, lo: 1, valid: true },
  { hi: 0, lo: -1, valid: true },
  { hi: 0xff, lo: -1, valid: true },
  { hi: 0x100, lo: 0, valid: false },
  { hi: -1, lo: -1, valid: false }
])('a TTL of $hi, $lo is valid: $valid', ({ hi, lo, valid }) => {
  expect(isValidTtl(hi, lo)).toBe(valid)
})

test('a TTL can be read from the owner that it makes', () => {
  expect(ttlMs(ttlOwnerHi(0), 5000)).toBe(5000)
  expect(ttlMs(ttlOwnerHi(0xff), -1)).toBe(0xffffffffff)
})
