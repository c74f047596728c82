import { describe, expect, test } from '@jest/globals'
import { describeDifference } from '../../../../src/core/zab/membership/config-difference.ts'
import { parseConfigText } from '../../../../src/core/zab/membership/config-text.ts'

const OWN = parseConfigText('server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer')
const GROUPED = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n'

describe('two configurations differ', () => {
  test('in their servers', () => {
    const other = parseConfigText('server.1=a:1:2\nserver.2=b:1:2\nserver.4=c:1:2')

    expect(describeDifference(OWN, other)).toBe('it has the servers 1, 2, 4, not 1, 2, 3 (observer)')
  })

  test('in a role', () => {
    const other = parseConfigText('server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2')

    expect(describeDifference(OWN, other)).toBe('it has the servers 1, 2, 3, not 1, 2, 3 (observer)')
  })

  test('in a port', () => {
    const other = parseConfigText('server.1=elsewhere:1:2\nserver.2=b:1:22\nserver.3=c:1:2:observer')

    expect(describeDifference(OWN, other)).toBe('it has server 2 at b:1:22, not at b:1:2')
  })

  test.each(['group.1=1:2\ngroup.2=3', 'group.1=1:2:3\nweight.1=2'])('in groups or weights: %j', (groups) => {
    const own = parseConfigText(`${GROUPED}group.1=1:2:3`)

    expect(describeDifference(own, parseConfigText(GROUPED + groups))).toBe('it has other groups or weights')
  })
})

test('other hosts, own addresses that are none, and another order are no difference', () => {
  const other = parseConfigText('server.3=0.0.0.0:5:6:observer;7\nserver.2=x:1:2\nserver.1=y:1:2')
  const own = parseConfigText(`${GROUPED}group.2=3\ngroup.1=2:1`)

  expect(describeDifference(OWN, other)).toBeNull()
  expect(describeDifference(own, parseConfigText(`${GROUPED}group.1=1:2\ngroup.2=3`))).toBeNull()
})
