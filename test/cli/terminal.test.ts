import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { deleteSubtree } from '../../src/client/subtree.ts'
import { connect, type ZooKeeper } from '../../src/client/zookeeper.ts'
import { OwnServer } from '../client/own-server.ts'
import { FakeTerminal } from './shell-runner.ts'

jest.setTimeout(300_000)

const server = new OwnServer()
let client: ZooKeeper
let folder: string
let terminal: FakeTerminal
let run: Promise<number>

beforeAll(async () => {
  await server.start()
  client = await connect(server.address)
  for (const path of ['/apple', '/apple/pie', '/apricot']) await client.create(path)
})

afterAll(async () => {
  for (const path of ['/apple', '/apricot']) await deleteSubtree(client, path)
  await client.close()
  await server.stop()
})

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-history-'))
  terminal = new FakeTerminal()
  run = terminal.run(['-server', server.address], { TERM: 'xterm', ZKCLI_HISTORY: join(folder, 'history') })
  await terminal.prompt()
})

afterEach(async () => {
  terminal.type('\u0003quit\n')
  await run
  rmSync(folder, { recursive: true })
})

describe('at a terminal', () => {
  test('the prompt tells where the shell is connected and counts the lines', async () => {
    expect(terminal.screen).toContain(`[zk: ${server.address}(CONNECTED) 0] `)

    terminal.type('version\n')
    await terminal.prompt()

    expect(terminal.screen).toContain(`[zk: ${server.address}(CONNECTED) 1] `)
  })

  test('the tab key completes a command', async () => {
    terminal.type('his\t')

    await terminal.shows(/tory $/)
  })

  test('the tab key completes a path as far as it is certain, then shows what it may become', async () => {
    terminal.type('get /a\t')
    await terminal.shows(/p$/)

    await terminal.pressUntil('\t', /\/apple\s+\/apricot/)
  })

  test('the tab key completes below a node', async () => {
    terminal.type('get /apple/\t')

    await terminal.shows(/pie$/)
  })

  test('what a watch tells stands above the prompt, with what has been typed', async () => {
    terminal.type('get -w /apricot\n')
    await terminal.prompt()
    terminal.type('create /x')

    await client.setData('/apricot', 'ripe')

    await terminal.shows(/type:NodeDataChanged path:\/apricot zxid: \d+\n[^\n]*\] create \/x/)
  })

  test('an interrupted line is dropped', async () => {
    terminal.type('delete /apple')
    terminal.type('\u0003')
    await terminal.shows(/\^C\n/)
    terminal.type('version\n')

    await terminal.shows(/CLI version/)
    expect(await client.exists('/apple')).not.toBeNull()
  })

  test('lines typed ahead are run one after the other', async () => {
    terminal.type('version\nwhoami\nls /apple\n')

    await terminal.shows(/CLI version[\s\S]*ip: 127.0.0.1[\s\S]*\[pie\]/)
  })

  test('the end of the input ends the session', async () => {
    terminal.type('create -e /gone\n')
    await terminal.prompt()
    expect(await client.exists('/gone')).not.toBeNull()

    terminal.type('\u0004')

    expect(await run).toBe(0)
    expect(await client.exists('/gone')).toBeNull()
  })

  test('quit has the exit code of the last command', async () => {
    terminal.type('get /missing\n')
    await terminal.prompt()
    terminal.type('quit\n')

    expect(await run).toBe(1)
  })
})

describe('the history file', () => {
  test('keeps the lines for the next shell, for the owner alone, but no passwords', async () => {
    for (const line of ['version', 'addauth digest user:secret', 'ls /apple']) {
      terminal.type(`${line}\n`)
      await terminal.prompt()
    }
    terminal.type('quit\n')
    await run
    const file = join(folder, 'history')
    expect(readFileSync(file, 'utf8')).toBe('version\nls /apple\nquit\n')
    expect(statSync(file).mode & 0o777).toBe(0o600)

    const next = new FakeTerminal()
    const done = next.run(['-server', server.address], { TERM: 'xterm', ZKCLI_HISTORY: file })
    await next.prompt()
    next.type('\u001b[A\u001b[A')
    await next.shows(/ls \/apple/)
    next.type('\n')
    await next.shows(/\[pie\]/)
    next.type('quit\n')

    expect(await done).toBe(0)
  })
})
