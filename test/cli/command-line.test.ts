import { expect, test } from '@jest/globals'
import { splitLine } from '../../src/cli/command-line.ts'

test.each([
  { line: 'get /a', words: ['get', '/a'] },
  { line: '  get \t /a  ', words: ['get', '/a'] },
  { line: `set /a 'two words'`, words: ['set', '/a', 'two words'] },
  { line: `set /a "it's"`, words: ['set', '/a', "it's"] },
  { line: `set /a 'say "hi"'`, words: ['set', '/a', 'say "hi"'] },
  { line: `set /a ""`, words: ['set', '/a', ''] },
  { line: `create /i/"quoted name" x`, words: ['create', '/i/"quoted', 'name"', 'x'] },
  { line: `get "/unfinished`, words: ['get', '/unfinished'] },
  { line: 'a\u00a0b', words: ['a\u00a0b'] },
  { line: ' ', words: [' '] },
  { line: '"', words: [] },
  { line: '', words: [] }
])('the line <$line> has the words $words', ({ line, words }) => {
  expect(splitLine(line)).toEqual(words)
})
