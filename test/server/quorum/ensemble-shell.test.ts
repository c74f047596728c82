import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { EnsembleConfig } from '../../../src/core/zab/membership/ensemble-config.ts'
import { loadSettings } from '../../../src/server/config/load-settings.ts'
import { EventLoop } from '../../../src/server/event-loop.ts'
import { EnsembleShell, newCommitLog } from '../../../src/server/quorum/ensemble-shell.ts'
import { configOf, dial, freePort, memberAt, RecordingLogger, until } from './support.ts'

const closers: (() => void)[] = []

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

function notNeeded(): never {
  throw new Error('not needed here')
}

/** The shell of server 1, of which only the sockets are there. */
function newShell(config: EnsembleConfig, lastSeen: EnsembleConfig | null = null) {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-shell-'))
  const file = join(folder, 'zoo.cfg')
  writeFileSync(join(folder, 'myid'), '1\n')
  const lines = [`dataDir=${folder}`, 'initLimit=10', 'syncLimit=5', 'server.1=127.0.0.1:1:2', 'server.2=127.0.0.1:3:4']
  writeFileSync(file, lines.join('\n'))
  const { settings } = loadSettings({ args: ['--config', file], env: {}, workingDirectory: folder })
  const log = new RecordingLogger()
  const loop = new EventLoop(
    1000,
    () => undefined,
    () => undefined
  )
  const shell = new EnsembleShell(
    settings,
    { config, lastSeen },
    newCommitLog(settings),
    loop,
    { store: notNeeded, installBegin: notNeeded },
    { ownMemberChanged: () => undefined },
    log
  )
  closers.push(() => {
    shell.close()
    loop.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const listening = (port: number) =>
    until(() => log.count(`listening on the quorum port 127.0.0.1:${port}`) > 0, `${port}`)
  return { outputs: shell.outputs, listening }
}

function at(quorumPort: number, version: bigint): EnsembleConfig {
  return { ...configOf(memberAt(1, 2, quorumPort), memberAt(2, 4, 3)), version }
}

describe('a leader whose quorum address a reconfiguration has changed', () => {
  test('listens there when its port is opened again, and keeps the links that it has', async () => {
    const [before, after] = [await freePort(), await freePort()]
    const { outputs, listening } = newShell(at(before, 1n))
    outputs.openLearnerPort(null)
    await listening(before)
    const learner = await dial(before)

    outputs.configurationChanged(at(after, 2n), null)
    outputs.openLearnerPort(null)

    await listening(after)
    const later = await dial(after)
    await expect(dial(before)).rejects.toThrow('ECONNREFUSED')
    expect([learner.isClosed, later.isClosed]).toEqual([false, false])
  })

  test('listens on the same port again', async () => {
    const port = await freePort()
    const { outputs, listening } = newShell(at(port, 1n))
    for (const version of [2n, 3n]) {
      outputs.configurationChanged(at(port, version), null)
      outputs.openLearnerPort(null)
    }

    await listening(port)
    expect((await dial(port)).isClosed).toBe(false)
  })

  test('who is a member by a proposal only listens where that says', async () => {
    const port = await freePort()
    const { outputs, listening } = newShell(configOf(memberAt(2, 4, 3)), at(port, 2n))

    outputs.openLearnerPort(null)

    await listening(port)
    expect((await dial(port)).isClosed).toBe(false)
  })
})
