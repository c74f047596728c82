import { expect, test } from '@jest/globals'
import { settingsWith } from '../sasl/sasl-settings.ts'

test('limits of paths are read by their names', () => {
  const { flow } = settingsWith(
    'prefixLimit.tenant-a=/a, requests=500/s, writes=50/s',
    'prefixLimit.b=/b/c writes=0.5/s'
  )

  expect(flow.prefixLimits).toEqual([
    { name: 'b', path: '/b/c', requestsPerSecond: null, writesPerSecond: 0.5 },
    { name: 'tenant-a', path: '/a', requestsPerSecond: 500, writesPerSecond: 50 }
  ])
})

test('there are none by default', () => {
  expect(settingsWith().flow.prefixLimits).toEqual([])
})

test.each([
  { line: 'prefixLimit.x=a requests=1/s', says: /prefixLimit\.x: "a" is no path/ },
  { line: 'prefixLimit.x=/a', says: /has no rate: requests=N\/s, writes=N\/s or both/ },
  { line: 'prefixLimit.x=/a requests=0/s', says: /"requests=0\/s" must be/ },
  { line: 'prefixLimit.x=/a requests=5', says: /"requests=5" must be/ },
  { line: 'prefixLimit.x=/a znodes=5/s', says: /"znodes=5\/s" must be/ },
  { line: 'prefixLimit.a.b=/a requests=5/s', says: /the name "a\.b" must be/ },
  {
    line: 'prefixLimit.x=/a requests=5/s\nprefixLimit.y=/a writes=5/s',
    says: /prefixLimit\.y: \/a has prefixLimit\.x already/
  }
])('$line is refused', ({ line, says }) => {
  expect(() => settingsWith(line)).toThrow(says)
})
