import { expect, test } from '@jest/globals'
import { closestSpelling } from '../../../src/server/config/spelling.ts'

test.each([
  { written: 'ticktime', closest: 'tickTime' },
  { written: 'tikcTime', closest: 'tickTime' },
  { written: 'clientPorts', closest: 'clientPort' },
  { written: 'maxClientConnections', closest: null },
  { written: 'x', closest: null },
  { written: '', closest: null }
])('$written is taken for $closest', ({ written, closest }) => {
  expect(closestSpelling(written, ['tickTime', 'clientPort', 'dataDir'])).toBe(closest)
})

test('the nearest of several is taken', () => {
  expect(closestSpelling('snapCont', ['snapCounter', 'snapCount', 'snapPoint'])).toBe('snapCount')
})
