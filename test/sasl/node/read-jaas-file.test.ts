import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readJaasFile } from '../../../src/sasl/node/read-jaas-file.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'jaas-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test.each(['', '=', 'file:', 'file://'])('a file is named as Java takes it, with "%s" before the path', (prefix) => {
  const file = join(folder, 'jaas.conf')
  writeFileSync(file, 'Server { x required user_a="b"; };')

  expect([...readJaasFile(prefix + file).keys()]).toEqual(['Server'])
})

test('a file that is not there, or makes no sense, is named in one line', () => {
  const missing = join(folder, 'missing')
  const broken = join(folder, 'broken')
  writeFileSync(broken, 'Server')

  expect(() => readJaasFile(missing)).toThrow(`JAAS file ${missing}: cannot be read (ENOENT)`)
  expect(() => readJaasFile(broken)).toThrow(`JAAS file ${broken}, line 1: "{" is missing`)
})
