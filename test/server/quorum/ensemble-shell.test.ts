import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { InputKind } from '../../../src/core/input-batch.ts'
import type { EnsembleConfig } from '../../../src/core/zab/membership/ensemble-config.ts'
import { loadSettings } from '../../../src/server/config/load-settings.ts'
import { EventLoop } from '../../../src/server/event-loop.ts'
import { EnsembleShell, newCommitLog } from '../../../src/server/quorum/ensemble-shell.ts'
import { configOf, dial, freePort, isRefused, memberAt, RecordingLogger, until } from './support.ts'

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
  let openedCount = 0
  const loop = new EventLoop(
    1000,
    (inputs) => {
      for (let index = 0; index < inputs.count; index++) if (inputs.kind(index) === InputKind.linkOpened) openedCount++
    },
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
  const linked = (count: number) => until(() => openedCount === count, `${count} links`)
  return { outputs: shell.outputs, listening, linked }
}

function at(quorumPort: number, version: bigint): EnsembleConfig {
  return { ...configOf(memberAt(1, 2, quorumPort), memberAt(2, 4, 3)), version }
}

describe('the quorum port', () => {
  test('is opened again where the configuration has it now, and links that are open stay', async () => {
    const [before, after] = [await freePort(), await freePort()]
    const { outputs, listening, linked } = newShell(at(before, 1n))
    outputs.openLearnerPort(null)
    await listening(before)
    const learner = await dial(before)
    learner.socket.write('x')
    await linked(1)

    outputs.configurationChanged(at(after, 2n), null)
    outputs.openLearnerPort(null)

    await listening(after)
    const later = await dial(after)
    later.socket.write('x')
    await linked(2)
    expect(await isRefused(before)).toBe(true)
    expect([learner.isClosed, later.isClosed]).toEqual([false, false])
  })

  test('may be opened again where it is', async () => {
    const port = await freePort()
    const { outputs, listening } = newShell(at(port, 1n))
    for (const version of [2n, 3n]) {
      outputs.configurationChanged(at(port, version), null)
      outputs.openLearnerPort(null)
    }

    await listening(port)
    expect((await dial(port)).isClosed).toBe(false)
  })

  test('of a member by a proposal only is where that says', async () => {
    const port = await freePort()
    const { outputs, listening } = newShell(configOf(memberAt(2, 4, 3)), at(port, 2n))

    outputs.openLearnerPort(null)

    await listening(port)
    expect((await dial(port)).isClosed).toBe(false)
  })
})
