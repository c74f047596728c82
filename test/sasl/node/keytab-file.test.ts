import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { KeytabFile } from '../../../src/sasl/node/keytab-file.ts'

const TABLE = Buffer.from(
  JSON.parse(readFileSync(join(__dirname, '..', 'kerberos', 'java-exchange.json'), 'utf8')).keytab,
  'hex'
)
let folder = ''
let file = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keytab-'))
  file = join(folder, 'zk.keytab')
  writeFileSync(file, TABLE)
})
afterEach(() => rmSync(folder, { recursive: true }))

const named = (keytab: KeytabFile): string[] =>
  keytab.entries.map(({ principal, version, key }) => `${principal} ${version} ${key.type}`)

test('has the keys of one principal, or all', () => {
  expect(named(new KeytabFile(file, 'zookeeper/localhost@ZK.TEST'))).toEqual([
    'zookeeper/localhost@ZK.TEST 2 18',
    'zookeeper/localhost@ZK.TEST 2 17'
  ])
  expect(new KeytabFile(file, '*').entries).toHaveLength(4)
})

test('is read again when it has changed; while it cannot be, the old keys count', () => {
  const keytab = new KeytabFile(file, 'zookeeper/localhost@ZK.TEST')
  writeFileSync(file, 'half')
  utimesSync(file, 1, 1)
  expect(keytab.entries).toHaveLength(2)
  rmSync(file)
  expect(keytab.entries).toHaveLength(2)
  const changed = Buffer.from(TABLE)
  const versionAt = changed.indexOf(Buffer.of(2, 0, 18), 60)
  changed[versionAt] = 7
  for (let at = 0; at >= 0; at = changed.indexOf(Buffer.from('00000002', 'hex'), at + 1)) {
    if (at > 0) changed[at + 3] = 7
  }
  writeFileSync(file, changed)
  utimesSync(file, 2, 2)

  expect(named(keytab).some((line) => line.includes(' 7 '))).toBe(true)
})

test('that says nothing of use is one line', () => {
  writeFileSync(join(folder, 'none'), 'hello')

  expect(() => new KeytabFile(file, 'zk/x@R')).toThrow(`key table ${file}: it has no key of zk/x@R`)
  expect(() => new KeytabFile(join(folder, 'none'), '*')).toThrow('it is no key table')
  expect(() => new KeytabFile(join(folder, 'missing'), '*')).toThrow('cannot be read (ENOENT)')
})
