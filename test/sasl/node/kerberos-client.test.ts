import { describe, expect, test } from '@jest/globals'
import type { KerberosLogin } from '../../../src/sasl/jaas/login-section.ts'
import { kerberosEnvironment, openKerberosClient } from '../../../src/sasl/node/kerberos-client.ts'
import { loadKerberosLibrary } from '../../../src/sasl/node/kerberos-library.ts'

const NONE = new Map<string, string>()

function login(change: Partial<KerberosLogin>): KerberosLogin {
  return {
    principal: null,
    useKeyTab: false,
    keyTab: null,
    useTicketCache: false,
    ticketCache: null,
    line: 3,
    ...change
  }
}

describe('the library of Kerberos is told', () => {
  test.each([
    {
      what: 'a key table; tickets stay in memory',
      given: { useKeyTab: true, keyTab: '/k' },
      tells: { KRB5_CLIENT_KTNAME: 'FILE:/k', KRB5CCNAME: 'MEMORY:zoonode' }
    },
    {
      what: 'the key table of the machine',
      given: { useKeyTab: true },
      tells: { KRB5_CLIENT_KTNAME: 'FILE:/etc/krb5.keytab', KRB5CCNAME: 'MEMORY:zoonode' }
    },
    { what: 'nothing, with the usual tickets', given: { useTicketCache: true }, tells: {} },
    { what: 'a cache of tickets', given: { useTicketCache: true, ticketCache: '/c' }, tells: { KRB5CCNAME: '/c' } },
    {
      what: 'a cache, and a key table for when it is empty',
      given: { useTicketCache: true, useKeyTab: true, keyTab: '/k' },
      tells: { KRB5_CLIENT_KTNAME: 'FILE:/k' }
    }
  ])('$what', ({ given, tells }) => {
    expect(kerberosEnvironment(login(given), NONE)).toEqual(tells)
  })

  test("where Java's configuration is", () => {
    const properties = new Map([['java.security.krb5.conf', '/etc/other.conf']])

    expect(kerberosEnvironment(login({ useTicketCache: true }), properties)).toEqual({ KRB5_CONFIG: '/etc/other.conf' })
  })
})

describe('a login that cannot be', () => {
  test('needs a key or a ticket', () => {
    expect(() => openKerberosClient(login({}), NONE)).toThrow(/^Krb5LoginModule of a client needs useKeyTab=true or/)
  })

  test('needs the key table that it names', () => {
    const open = () => openKerberosClient(login({ useKeyTab: true, keyTab: '/none.keytab', principal: 'a/b@C' }), NONE)

    expect(open).toThrow(/^key table \/none\.keytab: cannot be read \(ENOENT\)$/)
  })

  test.each([
    { what: 'is missing', code: 'MODULE_NOT_FOUND', problem: /\(npm install kerberos\): it is not installed$/ },
    { what: 'does not load', code: 'ERR_DLOPEN_FAILED', problem: /: it cannot be loaded: no such symbol$/ }
  ])('tells of a package that $what', ({ code, problem }) => {
    const load = (): never => {
      throw Object.assign(new Error('no such symbol\nRequire stack:\n- x'), { code })
    }

    expect(() => loadKerberosLibrary(load)).toThrow(problem)
  })

  test('tells of a package that is another one', () => {
    expect(() => loadKerberosLibrary(() => ({}))).toThrow(/of another version/)
  })
})
