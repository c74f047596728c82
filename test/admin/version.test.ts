import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { FULL_VERSION, ZOONODE_VERSION } from '../../src/admin/version.ts'

test('the version shown is that of the package', () => {
  const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'))

  expect(ZOONODE_VERSION).toBe(version)
})

test('the full version has the form that programs parse', () => {
  expect(FULL_VERSION).toMatch(/^3\.9\.5-[0-9A-Za-z.-]+, built on \d{4}-\d\d-\d\d \d\d:\d\d UTC$/)
})
