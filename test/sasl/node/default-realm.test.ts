import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { defaultRealm } from '../../../src/sasl/node/default-realm.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'realm-'))
  writeFileSync(
    join(folder, 'krb5.conf'),
    '[realms]\n default_realm = WRONG\n[libdefaults]\n default_realm = A.EXAMPLE # x\n'
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

test('the default realm is the one of the property, or of the configuration, or none', () => {
  const file = join(folder, 'krb5.conf')

  expect(defaultRealm(new Map([['java.security.krb5.realm', 'B']]), { KRB5_CONFIG: file })).toBe('B')
  expect(defaultRealm(new Map([['java.security.krb5.conf', file]]), {})).toBe('A.EXAMPLE')
  expect(defaultRealm(new Map(), { KRB5_CONFIG: file })).toBe('A.EXAMPLE')
  expect(defaultRealm(new Map(), { KRB5_CONFIG: join(folder, 'none') })).toBe('')
})
