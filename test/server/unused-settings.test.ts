import { describe, expect, test } from '@jest/globals'
import { describeUnusedSettings } from '../../src/server/unused-settings.ts'

function lines(properties: Readonly<Record<string, string>>): string[] {
  return describeUnusedSettings(new Map(Object.entries(properties)))
}

describe('settings without an effect', () => {
  test('are told of when they are given, a line for each reason', () => {
    const told = lines({
      'zookeeper.maxResponseCacheSize': '0',
      'zookeeper.preAllocSize': '1000',
      'zookeeper.maxGetChildrenResponseCacheSize': '5',
      'zookeeper.snapCount': '100'
    })

    expect(told).toEqual([
      'preAllocSize has no effect: the files of the log grow by themselves',
      expect.stringMatching(/^maxGetChildrenResponseCacheSize, maxResponseCacheSize have no effect: /)
    ])
  })

  test('of other programs are left alone', () => {
    expect(lines({ 'java.security.auth.login.config': '/jaas', 'other.preAllocSize': '1' })).toEqual([])
  })
})
