import { describe, expect, test } from '@jest/globals'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { PeerHarness } from '../peer-harness.ts'
import { create, replyOf } from '../requests.ts'

const Q = '/zookeeper/quota'

function withQuota(limits: string, enforceQuota = true) {
  const peer = new PeerHarness({ enforceQuota })
  const client = peer.session()
  let xid = 0
  const make = (path: string, data = 'x'): number =>
    replyOf(peer.request(client, OpCode.create, ++xid, create(path, 0, data))).err
  for (const path of ['/a', `${Q}/a`]) make(path)
  make(`${Q}/a/zookeeper_limits`, limits)
  make(`${Q}/a/zookeeper_stats`, 'count=0,bytes=0')
  const warnings = (): string[] => peer.logged.filter(({ level }) => level === 'warn').map(({ message }) => message)
  return { peer, make, warnings }
}

describe('a quota that is exceeded', () => {
  test('is warned of when it is hard and refuses, and counted for its namespace', () => {
    const { peer, make, warnings } = withQuota('count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=2')

    expect([make('/a/1'), make('/a/2')]).toEqual([0, -125])

    expect(warnings()).toEqual(['Quota exceeded: /a [current count=3, hardCountLimit=2]'])
    expect(peer.metrics.quotaExceededErrorPerNamespace.byLabel.get('a')?.value).toBe(1)
  })

  test('is warned of when it is soft, for count and bytes, and lets the write through', () => {
    const { peer, make, warnings } = withQuota('count=1,bytes=3')

    expect(make('/a/1', 'more')).toBe(0)

    expect(warnings()).toEqual([
      'Quota exceeded: /a [current count=2, softCountLimit=1]',
      // The znode itself has a byte.
      'Quota exceeded: /a [current bytes=5, softByteLimit=3]'
    ])
    expect(peer.metrics.quotaExceededErrorPerNamespace.byLabel.size).toBe(0)
  })

  test('is warned of again only after a while, with how often in between', () => {
    const { peer, make, warnings } = withQuota('count=1,bytes=-1')

    for (const name of ['1', '2', '3']) make(`/a/${name}`)
    peer.advance(10_000, 2000)
    make('/a/4')

    expect(warnings()).toEqual([
      'Quota exceeded: /a [current count=2, softCountLimit=1]',
      '[2 times more before] Quota exceeded: /a [current count=5, softCountLimit=1]'
    ])
  })

  test('is not looked at where quotas are not enforced', () => {
    const { make, warnings } = withQuota('count=1,bytes=1=;byteHardLimit=1;countHardLimit=1', false)

    expect(make('/a/1')).toBe(0)
    expect(warnings()).toEqual([])
  })
})
