import { describe, expect, test } from '@jest/globals'
import { parseJaasConfig } from '../../../src/sasl/jaas/jaas-config.ts'
import { serverLogin } from '../../../src/sasl/jaas/login-section.ts'
import { nodeSaslHashes } from '../../../src/sasl/node/hashes.ts'
import { parseVerifier, verifierOf } from '../../../src/sasl/scram/verifier.ts'
import { scramVerifier } from '../../../src/tools/scram/main.ts'
import { PrintedText } from '../tool-support.ts'

function run(args: readonly string[], password: string): string {
  const out = new PrintedText()
  scramVerifier(args, password, out)
  return out.text
}

describe('a line of a JAAS file', () => {
  test.each([
    { user: 'bob', iterations: 4096 },
    { user: 'bob', iterations: 5000 },
    { user: 'bob@EXAMPLE.COM', iterations: 4096 },
    { user: 'jürgen "x"', iterations: 4096 }
  ])('has the verifier of the password of $user, of $iterations rounds', ({ user, iterations }) => {
    const line = run([user, String(iterations)], 'pässwort')
    const login = serverLogin(parseJaasConfig(`Server { x required ${line}; };`), 'Server')
    const verifier = parseVerifier(login?.users.get(user) ?? '')

    expect(verifier).toMatchObject({ iterations })
    expect(verifier).toEqual(verifierOf(nodeSaslHashes, 'pässwort', verifier?.salt ?? Buffer.alloc(0), iterations))
  })

  test('has another salt each time', () => {
    expect(run(['bob'], 'pw')).not.toBe(run(['bob'], 'pw'))
  })

  test.each([
    { args: [], password: 'pw', says: 'usage:' },
    { args: ['--help'], password: 'pw', says: 'usage:' },
    { args: ['bob', '1000'], password: 'pw', says: 'usage:' },
    { args: ['bob', 'x'], password: 'pw', says: 'usage:' },
    { args: ['bob', '4096', 'more'], password: 'pw', says: 'usage:' },
    { args: ['bob'], password: '', says: 'there is no password on standard input' }
  ])('is not made of $args, "$password"', ({ args, password, says }) => {
    expect(() => run(args, password)).toThrow(says)
  })
})
