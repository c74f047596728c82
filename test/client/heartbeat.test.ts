import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { Heartbeat } from '../../src/client/heartbeat.ts'

describe('a heartbeat', () => {
  let calls: string[]
  let heartbeat: Heartbeat | null

  beforeEach(() => {
    jest.useFakeTimers()
    calls = []
    heartbeat = null
  })

  afterEach(() => {
    heartbeat?.stop()
    jest.useRealTimers()
  })

  function start(sessionTimeoutMs: number): Heartbeat {
    const startMs = performance.now()
    const note = (what: string) => calls.push(`${what} ${Math.round((performance.now() - startMs) / 10) * 10}`)
    heartbeat = new Heartbeat(sessionTimeoutMs, { onPingDue: () => note('ping'), onSilence: () => note('silence') })
    return heartbeat
  }

  test('pings after a third of a short timeout, and gives a silent server up after two thirds', () => {
    start(1_200)

    jest.advanceTimersByTime(5_000)

    expect(calls).toEqual(['ping 400', 'silence 800'])
  })

  test('pings a second early where the timeout is long enough for it', () => {
    const beat = start(12_000)

    jest.advanceTimersByTime(3_001)
    beat.heard()
    jest.advanceTimersByTime(3_001)

    expect(calls).toEqual(['ping 3000', 'ping 6000'])
  })

  test('pings every ten seconds however long the timeout is', () => {
    const beat = start(600_000)

    jest.advanceTimersByTime(10_001)
    beat.heard()

    expect(calls).toEqual(['ping 10000'])
  })

  test('does not ping while requests are sent', () => {
    const beat = start(1_200)

    for (let round = 0; round < 10; round++) {
      jest.advanceTimersByTime(300)
      beat.sent()
      beat.heard()
    }

    expect(calls).toEqual([])
  })

  test('does not give up a server that is heard', () => {
    const beat = start(1_200)

    for (let round = 0; round < 10; round++) {
      jest.advanceTimersByTime(700)
      beat.heard()
    }

    expect(calls.filter((call) => call.startsWith('silence'))).toEqual([])
  })

  test('is silent once it is stopped', () => {
    start(1_200).stop()

    jest.advanceTimersByTime(5_000)

    expect(calls).toEqual([])
  })
})
