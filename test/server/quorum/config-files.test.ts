import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseProperties } from '../../../src/server/config/properties.ts'
import { ConfigFiles } from '../../../src/server/quorum/config-files.ts'

let folder: string
let mainFile: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-config-'))
  mainFile = join(folder, 'zoo.cfg')
  writeFileSync(mainFile, MAIN)
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const entriesOf = (text: string): Record<string, string> =>
  Object.fromEntries(parseProperties(text).map(({ key, value }) => [key, value]))

/**
 * Recorded from Apache ZooKeeper 3.9.5: this file, started with it as server 1, then
 * `reconfig -add server.1=127.0.0.1:31182:31183;127.0.0.1:31184` in zkCli; the folder is replaced by DIR.
 */
const MAIN = `# my comment
tickTime = 500
initLimit=10
  syncLimit : 5
dataDir=DIR/data
! another comment
clientPort=31181
admin.enableServer=false
reconfigEnabled=true
standaloneEnabled=false
long.value=one, \\
   two
4lw.commands.whitelist=*
skipACL=yes
peerType=participant
server.1=127.0.0.1:31182:31183
`

const MAIN_AFTER_START = `dataDir=DIR/data
4lw.commands.whitelist=*
syncLimit=5
long.value=one, two
reconfigEnabled=true
standaloneEnabled=false
admin.enableServer=false
skipACL=yes
clientPort=31181
initLimit=10
tickTime=500
dynamicConfigFile=DIR/zoo.cfg.dynamic.100000000
`
const DYNAMIC_AFTER_START = 'server.1=127.0.0.1:31182:31183:participant'

const MAIN_AFTER_RECONFIG = `dataDir=DIR/data
4lw.commands.whitelist=*
syncLimit=5
long.value=one, two
reconfigEnabled=true
standaloneEnabled=false
admin.enableServer=false
skipACL=yes
initLimit=10
tickTime=500
dynamicConfigFile=DIR/zoo.cfg.dynamic.100000002
`
const DYNAMIC_AFTER_RECONFIG = 'server.1=127.0.0.1:31182:31183:participant;127.0.0.1:31184'

const FIRST = `${DYNAMIC_AFTER_START}\nversion=100000000`
const SECOND = `${DYNAMIC_AFTER_RECONFIG}\nversion=100000002`

describe('a configuration in force', () => {
  test('is written as Apache writes it, and the main file says the same as there', async () => {
    const files = new ConfigFiles(mainFile, 1)

    await files.writeCurrent(FIRST)
    const afterStart = read('zoo.cfg')
    await files.writeCurrent(SECOND)

    expect(entriesOf(afterStart.replaceAll(folder, 'DIR'))).toEqual(entriesOf(MAIN_AFTER_START))
    expect(entriesOf(read('zoo.cfg').replaceAll(folder, 'DIR'))).toEqual(entriesOf(MAIN_AFTER_RECONFIG))
    expect(read('zoo.cfg.dynamic.100000000')).toBe(DYNAMIC_AFTER_START)
    expect(read('zoo.cfg.dynamic.100000002')).toBe(DYNAMIC_AFTER_RECONFIG)
    expect(readdirSync(folder).toSorted()).toEqual([
      'zoo.cfg',
      'zoo.cfg.dynamic.100000000',
      'zoo.cfg.dynamic.100000002'
    ])
  })

  test('leaves comments, and the order of what it keeps', async () => {
    await new ConfigFiles(mainFile, 1).writeCurrent(FIRST)

    expect(read('zoo.cfg').split('\n').slice(0, 7)).toEqual([
      '# my comment',
      'tickTime=500',
      'initLimit=10',
      'syncLimit=5',
      'dataDir=DIR/data',
      '! another comment',
      'clientPort=31181'
    ])
  })

  test('keeps backslashes and other characters of values through any number of changes', async () => {
    writeFileSync(mainFile, 'ssl.keyStore.password=a\\=b\\\\c\\u00e9\nkey\\ with\\=all\\: = x\nserver.1=a:1:2\n')
    const before = entriesOf(read('zoo.cfg'))
    const files = new ConfigFiles(mainFile, 1)

    await files.writeCurrent(FIRST)
    await files.writeCurrent(SECOND)

    const { dynamicConfigFile, ...after } = entriesOf(read('zoo.cfg'))
    const { 'server.1': _, ...kept } = before
    expect(after).toEqual(kept)
    expect(dynamicConfigFile).toBe(join(folder, 'zoo.cfg.dynamic.100000002'))
  })

  test('of which this server is no member leaves the client port', async () => {
    await new ConfigFiles(mainFile, 7).writeCurrent(SECOND)

    expect(entriesOf(read('zoo.cfg'))).toMatchObject({ clientPort: '31181' })
  })

  test('has its lines sorted, with groups and weights', async () => {
    await new ConfigFiles(mainFile, 1).writeCurrent(
      'weight.2=1\nserver.2=b:1:2:participant\ngroup.1=1:2\nserver.1=a:1:2:participant\nversion=ffffffff00000001'
    )

    expect(read('zoo.cfg.dynamic.ffffffff00000001')).toBe(
      'group.1=1:2\nserver.1=a:1:2:participant\nserver.2=b:1:2:participant\nweight.2=1'
    )
  })

  test('keeps the permissions of the main file, and a link to it', async () => {
    const linked = join(folder, 'linked.cfg')
    chmodSync(mainFile, 0o600)
    symlinkSync(mainFile, linked)

    await new ConfigFiles(linked, 1).writeCurrent(FIRST)

    expect(statSync(mainFile).mode & 0o777).toBe(0o600)
    expect(entriesOf(read('zoo.cfg')).dynamicConfigFile).toBe(join(folder, 'linked.cfg.dynamic.100000000'))
    expect(readdirSync(folder).toSorted()).toEqual(['linked.cfg', 'linked.cfg.dynamic.100000000', 'zoo.cfg'])
  })

  test('cannot be written without a main file', async () => {
    rmSync(mainFile)

    await expect(new ConfigFiles(mainFile, 1).writeCurrent(FIRST)).rejects.toThrow('ENOENT')
  })
})

describe('a proposed configuration', () => {
  test('is kept with its version until it is in force', async () => {
    const files = new ConfigFiles(mainFile, 1)

    await files.writeNext(SECOND)
    const proposed = read('zoo.cfg.dynamic.next')
    await files.writeCurrent(SECOND)

    expect(proposed).toBe(SECOND)
    expect(readdirSync(folder)).not.toContain('zoo.cfg.dynamic.next')
  })

  test('stays when an older one comes into force', async () => {
    const files = new ConfigFiles(mainFile, 1)

    await files.writeNext(SECOND)
    await files.writeCurrent(FIRST)

    expect(read('zoo.cfg.dynamic.next')).toBe(SECOND)
  })
})

test('the backup is the main file, byte for byte', async () => {
  await new ConfigFiles(mainFile, 1).backup()

  expect(read('zoo.cfg.bak')).toBe(MAIN)
})
