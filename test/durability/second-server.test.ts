import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { ServerProcess } from '../../interop/faults/kill/server-process.ts'
import { askFourLetterWord } from '../../interop/harness/four-letter-word.ts'
import type { ZooKeeper } from '../../src/client/index.ts'
import { ServerFolder } from './server-folder.ts'

jest.setTimeout(300_000)

const EXIT_DATA_DIR = 3

let folder: ServerFolder
let first: ServerProcess
let client: ZooKeeper
let written = 0

beforeEach(async () => {
  folder = new ServerFolder()
  // Snapshots, new segments and a purge come all the time.
  first = await folder.start({
    config: { snapCount: 40, 'autopurge.snapRetainCount': 3, 'autopurge.purgeInterval': 1 }
  })
  client = await folder.connect(first)
  written = 0
})

afterEach(() => folder.dispose())

async function write(count: number): Promise<void> {
  const made = Array.from({ length: count }, () =>
    client.create('/n-', String(written++), { mode: 'persistentSequential' })
  )
  await Promise.all(made)
}

async function expectRefusal(): Promise<void> {
  const second = await folder.launch()
  const { code } = await second.ended

  expect(second.errors).toBe(
    `zoonode: the data directory ${join(folder.dataDir, 'version-2')} is in use by another server; ` +
      'stop that one first, or set another dataDir\n'
  )
  expect(second.output).toBe(second.errors)
  expect(code).toBe(EXIT_DATA_DIR)
}

/** What the first one has acknowledged is there when it is killed and started anew: no one else wrote to its files. */
async function expectAllThere(): Promise<void> {
  await write(20)
  await first.kill()
  const again = await folder.start()
  const reader = await folder.connect(again)

  const names = (await reader.getChildren('/')).filter((name) => name.startsWith('n-'))
  const data = await Promise.all(names.map(async (name) => (await reader.getData(`/${name}`)).data?.toString()))

  expect(data.map(Number).sort((one, other) => one - other)).toEqual(
    Array.from({ length: written }, (_, index) => index)
  )
}

describe('a second server on the directory of a running one is refused, and harms nothing', () => {
  test.each([
    { what: 'as soon as the first is ready', act: async () => undefined },
    {
      what: 'after dirs, conf, mntr and all other four-letter words',
      act: async () => {
        for (const word of ['dirs', 'conf', 'mntr', 'stat', 'srvr', 'cons', 'dump', 'wchs', 'envi', 'ruok']) {
          expect(await askFourLetterWord(folder.portOf(first), word)).not.toBeNull()
        }
      }
    },
    { what: 'after snapshots, new segments and writes', act: () => write(400) },
    { what: 'after zkCleanup, which is refused as well', act: async () => cleanUp() },
    { what: 'after other servers that were refused', act: () => expectRefusal() }
  ])('$what', async ({ act }) => {
    await write(10)
    await act()

    await expectRefusal()

    await expectAllThere()
  })

  test('even when many try at once while clients write', async () => {
    let isOver = false
    const writing = (async () => {
      while (!isOver) await write(20)
    })()

    await Promise.all([expectRefusal(), expectRefusal(), expectRefusal()])
    isOver = true
    await writing

    await expectAllThere()
  })
})

function cleanUp(): void {
  const program = join(process.cwd(), 'dist', 'bin', 'zkcleanup.js')
  const { status, stderr } = spawnSync(process.execPath, [program, folder.dataDir, '-n', '3'], { encoding: 'utf8' })

  expect(stderr).toContain('is in use by another server')
  expect(status).not.toBe(0)
}

test('the directory is free again when the first server has been killed', async () => {
  await write(5)
  await first.kill()

  await expect(folder.start()).resolves.toBeDefined()
})
