import { expect, test } from '@jest/globals'
import { settingsWith } from '../sasl/sasl-settings.ts'

const NO_TOTALS = { znodesMax: null, bytesMax: null }

test('limits of paths are read by their names', () => {
  const { flow } = settingsWith(
    'prefixLimit.tenant-a=/a, requests=500/s, writes=50/s',
    'prefixLimit.b=/b/c writes=0.5/s',
    'prefixLimit.full=/c znodes=10K, bytes=64M requests=5/s'
  )

  expect(flow.prefixLimits).toEqual([
    { name: 'b', path: '/b/c', requestsPerSecond: null, writesPerSecond: 0.5, ...NO_TOTALS },
    { name: 'full', path: '/c', requestsPerSecond: 5, writesPerSecond: null, znodesMax: 10_240, bytesMax: 2 ** 26 },
    { name: 'tenant-a', path: '/a', requestsPerSecond: 500, writesPerSecond: 50, ...NO_TOTALS }
  ])
})

test('there are none by default', () => {
  expect(settingsWith().flow.prefixLimits).toEqual([])
})

test.each([
  { line: 'prefixLimit.x=a requests=1/s', says: /prefixLimit\.x: "a" is no path/ },
  { line: 'prefixLimit.x=/a', says: /has no limit: one or more of requests=N\/s, writes=N\/s, znodes=N, bytes=N/ },
  { line: 'prefixLimit.x=/a requests=0/s', says: /"requests=0\/s" must be/ },
  { line: 'prefixLimit.x=/a requests=5', says: /"requests=5" must be/ },
  { line: 'prefixLimit.x=/a znodes=5/s', says: /"znodes=5\/s" must be/ },
  { line: 'prefixLimit.x=/a znodes=0', says: /"znodes=0" must be/ },
  { line: 'prefixLimit.x=/a bytes=5X', says: /"bytes=5X" must be/ },
  { line: 'prefixLimit.x=/ bytes=5', says: /znodes and bytes of \/ cannot be limited/ },
  { line: 'prefixLimit.x=/zookeeper/quota znodes=5', says: /znodes and bytes of \/zookeeper\/quota cannot be limited/ },
  { line: 'prefixLimit.a.b=/a requests=5/s', says: /the name "a\.b" must be/ },
  {
    line: 'prefixLimit.x=/a requests=5/s\nprefixLimit.y=/a writes=5/s',
    says: /prefixLimit\.y: \/a has prefixLimit\.x already/
  }
])('$line is refused', ({ line, says }) => {
  expect(() => settingsWith(line)).toThrow(says)
})
