import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { connect } from '../../src/client/zookeeper.ts'
import { OwnServer } from '../client/own-server.ts'
import { parseJsonRuns, parseOutput, parseRuns, type RecordedRun, readGolden, withoutVariables } from './recording.ts'
import { FakeTerminal, runShell } from './shell-runner.ts'

jest.setTimeout(300_000)

const env = { TZ: 'UTC', TERM: 'dumb', ZKCLI_HISTORY: '' }

/** Sessions of single runs expire slowly; what goes with them is deleted where the recording shows that it was gone. */
const EXPIRED_BEFORE: Readonly<Record<string, string>> = {
  'get -s /eph': '/eph',
  'set -s /a new2': '/a/es-0000000001'
}

function comparable({ exitCode, stdout, stderr }: Omit<RecordedRun, 'words'>): Omit<RecordedRun, 'words'> {
  return { exitCode, stdout: withoutVariables(stdout), stderr: withoutVariables(stderr) }
}

/** In Apache's shell the event of the connection may come at any time, in two pieces, or not at all before the end. */
function withoutConnecting(run: Omit<RecordedRun, 'words'>): Omit<RecordedRun, 'words'> {
  const event = /\nWATCHER::\n(\nWatchedEvent state:SyncConnected type:None path:null zxid: -1\n)?/
  return { ...run, stdout: run.stdout.replace(event, '') }
}

describe('single commands do and say what those of Apache ZooKeeper do and say', () => {
  const server = new OwnServer({ tickTime: '2000' })

  beforeAll(() => server.start())
  afterAll(() => server.stop())

  test.each(parseRuns(readGolden('one-shot.txt')).map((run) => ({ command: run.words.join(' '), run })))(
    '$command',
    async ({ command, run }) => {
      const expired = EXPIRED_BEFORE[command]
      if (expired !== undefined) await deleteNode(server.address, expired)

      const ours = await runShell(['-server', server.address, ...run.words], '', env)

      expect(comparable(ours)).toEqual(comparable(run))
    }
  )
})

describe('right and wrong uses do and say what they do and say in the shell of Apache ZooKeeper', () => {
  const server = new OwnServer({ tickTime: '2000' })

  beforeAll(() => server.start())
  afterAll(() => server.stop())

  test.each(parseJsonRuns(readGolden('usage.jsonl')).map((run) => ({ command: run.words.join(' '), run })))(
    '$command',
    async ({ run }) => {
      const words = run.words.map((word) => word.replace('HOST:PORT', server.address))

      const ours = await runShell(['-server', server.address, ...words], '', env)

      expect(withoutConnecting(comparable(ours))).toEqual(withoutConnecting(comparable(run)))
    }
  )
})

describe('commands one after the other', () => {
  let server: OwnServer

  beforeEach(async () => {
    server = new OwnServer({ tickTime: '2000' })
    await server.start()
    await runShell(['-server', server.address, 'create', '/acl', 'd'])
  })

  afterEach(() => server.stop())

  test('at a terminal look as in the shell of Apache ZooKeeper', async () => {
    const recorded = readGolden('interactive-pty.txt').replace(/^SLF4J.*\n/gm, '')
    const terminal = new FakeTerminal()
    const run = terminal.run(['-server', server.address], env)

    for (const line of typedLines(recorded)) {
      await terminal.prompt()
      terminal.type(`${line}\n`, { isEchoed: true })
    }

    expect(await run).toBe(0)
    expect(withoutVariables(terminal.screen)).toBe(withoutVariables(recorded))
  })

  test('on standard input say what they say there', async () => {
    const lines = typedLines(readGolden('interactive-pty.txt'))

    const ours = await runShell(['-server', server.address], `${lines.join('\n')}\n`, env)

    expect(comparable(ours)).toEqual(comparable(parseOutput(readGolden('interactive-stdin.txt'))))
  })
})

/** What was typed at the prompts of a recorded terminal. */
function typedLines(text: string): string[] {
  return [...text.matchAll(/^\[zk: [^\]]*\] (.*)$/gm)].map(([, line]) => line ?? '')
}

async function deleteNode(address: string, path: string): Promise<void> {
  const client = await connect(address)
  await client.delete(path)
  await client.close()
}
