import { expect, test } from '@jest/globals'
import { short, time } from '../../../bench/report/format.ts'

test.each([
  { us: 12.4, text: '12 µs' },
  { us: 999, text: '999 µs' },
  { us: 1500, text: '1.5 ms' },
  { us: 2_340_000, text: '2.34 s' }
])('$us microseconds read as $text', ({ us, text }) => {
  expect(time(us)).toBe(text)
})

test.each([
  { value: 0, text: '0' },
  { value: 0.0421, text: '0.042' },
  { value: 0.25, text: '0.25' },
  { value: 12.34, text: '12.3' },
  { value: 1234.5, text: '1,235' }
])('$value has three digits that matter: $text', ({ value, text }) => {
  expect(short(value)).toBe(text)
})
