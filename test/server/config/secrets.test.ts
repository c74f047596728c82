import { describe, expect, test } from '@jest/globals'
import { isSecret, withoutSecrets } from '../../../src/server/config/secrets.ts'

describe('a configuration that is shown', () => {
  test.each([
    ['ssl.keyStore.password=hush', 'ssl.keyStore.password=***'],
    ['  ssl.quorum.trustStore.password : hush', '  ssl.quorum.trustStore.password : ***'],
    ['ssl.keyStore.password hush', 'ssl.keyStore.password ***'],
    ['ssl.keyStore.pass\\word=hush', 'ssl.keyStore.pass\\word=***'],
    ['#ssl.keyStore.password=hush', '#ssl.keyStore.password=***'],
    ['DigestAuthenticationProvider.superDigest=super:hush', 'DigestAuthenticationProvider.superDigest=***'],
    ['SASLAuthenticationProvider.superPassword=hush', 'SASLAuthenticationProvider.superPassword=***'],
    ['my.api.token=hush', 'my.api.token=***'],
    ['ssl.keyStore.password=', 'ssl.keyStore.password='],
    ['connectionMaxTokens=5', 'connectionMaxTokens=5'],
    ['dataDir=/a/password', 'dataDir=/a/password'],
    ['# the password is elsewhere', '# the password is elsewhere'],
    ['', '']
  ])('has no secrets: %s', (line, shown) => {
    expect(withoutSecrets(line)).toBe(shown)
    expect(withoutSecrets(`tickTime=2000\r\n${line}\nclientPort=2181\n`)).toBe(
      `tickTime=2000\r\n${shown}\nclientPort=2181\n`
    )
  })

  test('hides values that go over several lines, and no more than these', () => {
    const text = 'ssl.keyStore.password=hush\\\n  more\\\\\\\n last\nclientPort=2181\n#x.password=hush\\\ntickTime=1\n'

    expect(withoutSecrets(text)).toBe('ssl.keyStore.password=***\nclientPort=2181\n#x.password=***\ntickTime=1\n')
  })
})

test('tokens that are counted are no secrets', () => {
  expect(['connection_throttle_tokens', 'connectionTokenFillTime', 'ssl.keyStore.type'].some(isSecret)).toBe(false)
})
