import { describe, expect, test } from '@jest/globals'
import { javaPattern } from '../../src/tls/java-pattern.ts'

describe('a regular expression written for Java', () => {
  test.each([
    { source: '^urn\\:app\\:(.+)$', text: 'urn:app:one', found: 'one' },
    { source: 'host\\-([0-9]+)\\.example', text: 'host-12.example', found: '12' },
    { source: '([a\\-z\\@]+)$', text: 'b-@a', found: '-@a' },
    { source: 'spiffe://[^/]+/(?<name>[\\w.]+)', text: 'spiffe://x.org/app.one', found: 'app.one' }
  ])('$source means the same', ({ source, text, found }) => {
    expect(javaPattern(source).exec(text)?.[1]).toBe(found)
  })

  test.each(['\\Aurn', '\\Qurn:\\E', '(?i)urn', 'a++', '[a-z&&[^x]]', '[', '\\h', '\\p{Alpha}'])(
    '%s is refused',
    (source) => {
      expect(() => javaPattern(source)).toThrow(SyntaxError)
    }
  )
})
