import { expect, test } from '@jest/globals'
import { isSameSecret } from '../../src/sasl/constant-time.ts'
import { saslId } from '../../src/sasl/principal.ts'

test.each([
  { name: 'bob', both: 'bob', host: 'bob', realm: 'bob', none: 'bob' },
  { name: 'bob@R', both: 'bob@R', host: 'bob@R', realm: 'bob', none: 'bob' },
  { name: 'zk/h.example@R', both: 'zk/h.example@R', host: 'zk@R', realm: 'zk/h.example', none: 'zk' },
  { name: 'bob@X', both: 'bob@X', host: 'bob@X', realm: 'bob@X', none: 'bob@X' },
  { name: 'a/b', both: 'a/b', host: 'a/b', realm: 'a/b', none: 'a/b' },
  { name: 'a@b@c', both: null, host: null, realm: null, none: null }
])('$name loses its host and its realm where that is asked for', ({ name, both, host, realm, none }) => {
  const id = (removesHost: boolean, removesRealm: boolean) =>
    saslId(name, { removesHost, removesRealm, defaultRealm: 'R' })

  expect([id(false, false), id(true, false), id(false, true), id(true, true)]).toEqual([both, host, realm, none])
})

test.each([
  { one: 'abc', other: 'abc', isSame: true },
  { one: 'abc', other: 'abd', isSame: false },
  { one: 'abc', other: 'ab', isSame: false },
  { one: 'ab', other: 'abc', isSame: false },
  { one: '', other: '', isSame: true },
  { one: 'a\0', other: 'a', isSame: false }
])('secrets $one and $other', ({ one, other, isSame }) => {
  expect(isSameSecret(Buffer.from(one), Buffer.from(other))).toBe(isSame)
})
