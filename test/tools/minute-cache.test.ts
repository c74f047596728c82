import { expect, test } from '@jest/globals'
import { formatJavaDate } from '../../src/cli/java-date.ts'
import { MinuteCache } from '../../src/tools/minute-cache.ts'

test.each(['UTC', 'Europe/Berlin', 'Asia/Kathmandu'])('in %s times are what they are without a cache', (zone) => {
  const cache = new MinuteCache((timeMs) => formatJavaDate(timeMs, zone))
  // Every eleven seconds around a change to summer time, and some other times.
  const around = Array.from({ length: 700 }, (_, index) => Date.UTC(2026, 2, 29, 0, 0) + index * 11_111)
  const times = [0, 59_999, 60_000, 1_795_412_960_557, 253_402_300_799_999, ...around]

  expect(times.map((timeMs) => cache.text(timeMs))).toEqual(times.map((timeMs) => formatJavaDate(timeMs, zone)))
})

test('makes a text once a minute', () => {
  let made = 0
  const cache = new MinuteCache((timeMs) => {
    made++
    return new Date(timeMs).toISOString()
  })

  for (let timeMs = 0; timeMs < 120_000; timeMs += 1000) cache.text(timeMs)

  expect(made).toBe(2)
})
