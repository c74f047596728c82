import { expect, test } from '@jest/globals'
import { nextVersion } from '../../../src/core/pipeline/prepare/prepare-context.ts'

test.each([
  { current: 0, expected: 0, next: 1 },
  { current: 4, expected: -1, next: 5 },
  { current: 4, expected: 3, next: null },
  { current: 2 ** 31 - 1, expected: -1, next: -(2 ** 31) },
  // −1 means "any" in requests, and so is no version.
  { current: -2, expected: -2, next: 0 }
])('the version after $current, where $expected is expected, is $next', ({ current, expected, next }) => {
  expect(nextVersion(current, expected)).toBe(next)
})
