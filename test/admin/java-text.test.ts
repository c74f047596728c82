import { expect, test } from '@jest/globals'
import { average, javaDate, javaDouble, javaHex, javaSocketAddress } from '../../src/admin/java-text.ts'

// The right-hand sides were printed by Java 17.
test.each([
  { value: 0, text: '0.0' },
  { value: 4, text: '4.0' },
  { value: 1.1429, text: '1.1429' },
  { value: 9999999, text: '9999999.0' },
  { value: 1e7, text: '1.0E7' },
  { value: 12345678.5, text: '1.23456785E7' },
  { value: 0.001, text: '0.001' },
  { value: 0.0001, text: '1.0E-4' },
  { value: 0.00075, text: '7.5E-4' },
  { value: -2.5, text: '-2.5' }
])('writes the double $value as $text', ({ value, text }) => {
  expect(javaDouble(value)).toBe(text)
})

test.each([
  { sum: 0, count: 0, result: 0 },
  { sum: 8, count: 7, result: 1.1429 },
  { sum: 1, count: 3, result: 0.3333 },
  { sum: 1, count: 32, result: 0.0313 },
  { sum: 1, count: 100_000, result: 0 }
])('the average of $sum over $count is $result', ({ sum, count, result }) => {
  expect(average(sum, count)).toBe(result)
})

test.each([
  { value: 0n, text: '0' },
  { value: 0x100000027n, text: '100000027' },
  { value: -1n, text: 'ffffffffffffffff' }
])('writes the long $value as $text', ({ value, text }) => {
  expect(javaHex(value)).toBe(text)
})

test.each([
  { address: '127.0.0.1', text: '/127.0.0.1:2181' },
  { address: '::ffff:10.0.0.1', text: '/10.0.0.1:2181' },
  { address: '::1', text: '/[0:0:0:0:0:0:0:1]:2181' },
  { address: '::', text: '/[0:0:0:0:0:0:0:0]:2181' },
  { address: '2001:db8::8a2e:0370:7334', text: '/[2001:db8:0:0:0:8a2e:370:7334]:2181' },
  { address: 'fe80::1%eth0', text: '/[fe80:0:0:0:0:0:0:1%eth0]:2181' }
])('writes the address $address as $text', ({ address, text }) => {
  expect(javaSocketAddress(address, 2181)).toBe(text)
})

test('writes a time with weekday, month, zone and year', () => {
  expect(javaDate(new Date(2026, 10, 3, 4, 5, 6).getTime())).toMatch(/^Tue Nov 03 04:05:06 \S+ 2026$/)
})
