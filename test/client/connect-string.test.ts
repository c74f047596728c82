import { describe, expect, test } from '@jest/globals'
import { formatServer, parseConnectString } from '../../src/client/connect-string.ts'
import { InvalidPathError } from '../../src/client/errors.ts'

describe('a connect string', () => {
  test.each([
    { text: 'a', servers: [{ host: 'a', port: 2181 }] },
    { text: 'a:2182', servers: [{ host: 'a', port: 2182 }] },
    { text: 'a:', servers: [{ host: 'a', port: 2181 }] },
    {
      text: 'a,b:1',
      servers: [
        { host: 'a', port: 2181 },
        { host: 'b', port: 1 }
      ]
    },
    {
      text: ' a , b:1,',
      servers: [
        { host: 'a', port: 2181 },
        { host: 'b', port: 1 }
      ]
    },
    { text: '[::1]:2182', servers: [{ host: '::1', port: 2182 }] },
    { text: '[fe80::1]', servers: [{ host: 'fe80::1', port: 2181 }] },
    { text: 'fe80::1', servers: [{ host: 'fe80::1', port: 2181 }] }
  ])('names servers: $text', ({ text, servers }) => {
    expect(parseConnectString(text)).toEqual({ servers, chroot: null })
  })

  test.each([
    { text: 'a:1,b:2/app/x', chroot: '/app/x' },
    { text: 'a:1/', chroot: null }
  ])('may end in a chroot: $text', ({ text, chroot }) => {
    expect(parseConnectString(text).chroot).toBe(chroot)
  })

  test.each(['', ',', '/x', 'a:0', 'a:65536', 'a:x', 'a:-1'])('is refused without a valid server: "%s"', (text) => {
    expect(() => parseConnectString(text)).toThrow(RangeError)
  })

  test('is refused with a chroot that is no path', () => {
    expect(() => parseConnectString('a/b/')).toThrow(InvalidPathError)
    expect(() => parseConnectString('a/b//c')).toThrow('empty node name')
  })

  test('shows servers as they were given', () => {
    expect(formatServer({ host: 'a', port: 1 })).toBe('a:1')
    expect(formatServer({ host: '::1', port: 1 })).toBe('[::1]:1')
  })
})
