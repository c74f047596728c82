import { describe, expect, test } from '@jest/globals'
import { ReconnectPolicy } from '../../src/client/reconnect-policy.ts'

const largest = () => 1

describe('a client that has lost its server', () => {
  test('waits for up to the longest delay, then tries one server after the other without any', () => {
    const policy = new ReconnectPolicy(3, 1_000, largest)
    const delays = [policy.delayMs()]

    for (let attempt = 0; attempt < 2; attempt++) {
      policy.failed()
      delays.push(policy.delayMs())
    }

    expect(delays).toEqual([1_000, 0, 0])
    expect(policy.isRoundOver).toBe(false)
  })

  test('waits longer after each round in which every server has failed, up to the limit', () => {
    const policy = new ReconnectPolicy(2, 300, largest)
    const delays: number[] = []

    for (let round = 0; round < 5; round++) {
      policy.failed()
      policy.failed()
      expect(policy.isRoundOver).toBe(true)
      delays.push(policy.delayMs())
    }

    expect(delays).toEqual([50, 100, 200, 300, 300])
  })

  test('starts anew once a server has taken it', () => {
    const policy = new ReconnectPolicy(1, 300, largest)
    for (let attempt = 0; attempt < 5; attempt++) policy.failed()

    policy.succeeded()

    expect(policy.isRoundOver).toBe(false)
    policy.failed()
    expect(policy.delayMs()).toBe(50)
  })

  test('waits for a random part of the delay', () => {
    expect(new ReconnectPolicy(1, 1_000, () => 0.25).delayMs()).toBe(250)
  })
})
