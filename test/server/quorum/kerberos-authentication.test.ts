import { describe, expect, test } from '@jest/globals'
import type { KerberosLogin } from '../../../src/sasl/jaas/login-section.ts'
import { kerberosLearner, ofMember } from '../../../src/server/quorum/sasl/kerberos-authentication.ts'

const HOSTS = ['zk1.example.com', '10.0.0.2']
const LOGIN: KerberosLogin = {
  principal: 'learner/zk1@R',
  useKeyTab: true,
  keyTab: '/none',
  useTicketCache: false,
  ticketCache: null,
  line: 2
}

describe('whoever has a ticket', () => {
  test.each(['zkquorum/zk1.example.com@R', 'learner/10.0.0.2@OTHER'])('is a member as %s', (authenticationId) => {
    const step = { kind: 'complete', token: null, authenticationId } as const

    expect(ofMember(step, HOSTS)).toBe(step)
  })

  test.each([
    'alice@R',
    'learner/zk9.example.com@R',
    'zk1.example.com@R',
    'learner/zk1.example.com',
    'a/zk1.example.com/b@R'
  ])('is none as %s', (authenticationId) => {
    expect(ofMember({ kind: 'complete', token: null, authenticationId }, HOSTS)).toEqual({
      kind: 'failed',
      reason: `${authenticationId} is not of the form SERVICE/HOST@REALM with the host of a member`
    })
  })

  test('is nothing while the exchange goes on', () => {
    const step = { kind: 'challenge', token: Buffer.of(1) } as const

    expect(ofMember(step, [])).toBe(step)
  })
})

test.each(['zkquorum', '/localhost', 'zkquorum/', 'a/b/c@R'])(
  'the service principal %s is refused in one line',
  (principal) => {
    expect(() => kerberosLearner(LOGIN, principal, new Map())).toThrow(
      /^quorum\.auth\.kerberos\.servicePrincipal=.* must be SERVICE\/HOST/
    )
  }
)

test('a key table that is not there is refused in one line', () => {
  expect(() => kerberosLearner(LOGIN, 'zkquorum/_HOST', new Map())).toThrow(/^line 2: key table \/none: cannot be read/)
})
