import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { PropertiesSyntaxError, parseProperties } from '../../../src/server/config/properties.ts'

function pairs(text: string): [string, string][] {
  return parseProperties(text).map(({ key, value }) => [key, value])
}

// The right-hand sides are what java.util.Properties (Java 17) made of the left-hand ones.
test.each<{ name: string; text: string; entries: [string, string][] }>([
  {
    name: 'separators',
    text: 'a=1\nb = 2\nc:3\nd : 4\ne 5\nf\t6\ng\n=h\n',
    entries: [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
      ['d', '4'],
      ['e', '5'],
      ['f', '6'],
      ['g', ''],
      ['', 'h']
    ]
  },
  { name: 'comments and blank lines', text: '  # c\n ! c\n\t\f\nk = v  \n', entries: [['k', 'v  ']] },
  {
    name: 'continued lines',
    text: 'a=1,\\\n   2,\\\n\t3\nb=x\\\\\nc=y\\\\\\\n z\n',
    entries: [
      ['a', '1,2,3'],
      ['b', 'x\\'],
      ['c', 'y\\z']
    ]
  },
  {
    name: 'escapes',
    text: 'a\\ b=1\na\\=b=2\na\\:b:3\n\\#k=4\nk\\u0041=\\u00e9\\t\\n\\q\n',
    entries: [
      ['a b', '1'],
      ['a=b', '2'],
      ['a:b', '3'],
      ['#k', '4'],
      ['kA', 'é\t\nq']
    ]
  },
  {
    name: 'a blank line ends a continuation',
    text: 'a=1\\\n\nb=2\n',
    entries: [
      ['a', '1'],
      ['b', '2']
    ]
  },
  {
    name: 'a continuation is no comment',
    text: 'a=1\\\n#b=2\nc=3',
    entries: [
      ['a', '1#b=2'],
      ['c', '3']
    ]
  },
  {
    name: 'more separators belong to the value',
    text: 'a = = b\na2 := b\na3 \\\n = b\nc=d=e:f\n',
    entries: [
      ['a', '= b'],
      ['a2', '= b'],
      ['a3', 'b'],
      ['c', 'd=e:f']
    ]
  },
  {
    name: 'all ends of line',
    text: 'a=1\rb=2\r\nc=3',
    entries: [
      ['a', '1'],
      ['b', '2'],
      ['c', '3']
    ]
  },
  { name: 'a backslash at the end of the file', text: 'a=1\\', entries: [['a', '1']] },
  { name: 'a continued key', text: 'long\\\n  key = v\n', entries: [['longkey', 'v']] },
  { name: 'nothing before a continuation', text: '  \\\n  \n z=1\n', entries: [['z', '1']] },
  { name: 'a continuation with a carriage return', text: 'a=1\\\r\n  2\n', entries: [['a', '12']] },
  { name: 'no expansion', text: `p=$${'{HOME}'}\n`, entries: [['p', `$${'{HOME}'}`]] },
  { name: 'nothing', text: '', entries: [] }
])('reads $name as Java does', ({ text, entries }) => {
  expect(pairs(text)).toEqual(entries)
})

describe('positions', () => {
  test('are the lines on which entries start', () => {
    const entries = parseProperties('# first\na=1\n\nb=2,\\\n 3\nc=4\n')

    expect(entries.map(({ key, line }) => [key, line])).toEqual([
      ['a', 2],
      ['b', 4],
      ['c', 6]
    ])
  })

  test.each(['a=1\nx=\\u12g4\n', 'a=1\nx=\\u12'])('tell where an escape is malformed', (text) => {
    expect(() => parseProperties(text)).toThrow(PropertiesSyntaxError)
    expect(() => parseProperties(text)).toThrow(expect.objectContaining({ line: 2 }))
  })
})

test('any key and value come back from their escaped form', () => {
  const escaped = (text: string): string =>
    [...text].map((char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`).join('')
  const latin = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 20 })

  fc.assert(
    fc.property(fc.array(fc.tuple(latin, latin), { maxLength: 10 }), (entries) => {
      const text = entries.map(([key, value]) => `${escaped(key)}=${escaped(value)}\n`).join('')

      expect(pairs(text)).toEqual(entries)
    })
  )
})

test('no text makes it fail but for malformed escapes', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...' \t\f\n\r\\=:#!au0') }), (text) => {
      try {
        for (const { line } of parseProperties(text)) expect(line).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toBeInstanceOf(PropertiesSyntaxError)
      }
    })
  )
})
