import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

test('the example of docs/library.md is the one that runs', () => {
  const text = (...path: string[]) => readFileSync(join(__dirname, ...path), 'utf8')
  expect(text('..', '..', 'docs', 'library.md')).toContain(text('jest-example.test.ts').trim())
})
