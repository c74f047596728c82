import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../../../src/client/index.ts'
import { buildOnce } from '../../harness/build-once.ts'
import { runCommand } from '../../harness/child.ts'
import { Ensemble, participants } from '../../harness/ensemble.ts'
import { cacheFolder, INTEROP } from '../../harness/paths.ts'
import type { ServerKind } from '../../harness/server.ts'
import { divergence } from '../../mixed-ensemble/convergence.ts'
import { Random } from '../power-cut/random.ts'
import { HistoryClient, NUMBERED, REGISTERS } from './client.ts'
import { RandomFaults } from './faults.ts'
import { History } from './history.ts'
import { hasOwnNetwork, mountSmallDisk, type Network, unmount } from './network.ts'

export interface RoundSettings {
  /** Three of them. */
  readonly kinds: readonly ServerKind[]
  readonly seed: number
  readonly seconds: number
  readonly folder: string
  readonly network: Network | null
  readonly progress: (line: string) => void
}

export interface RoundResult {
  readonly operations: number
  readonly unknown: number
  readonly faults: number
  readonly expiries: number
  /** Whether even reads after sync were linearizable, which ZooKeeper does not promise of a leader that is being replaced. */
  readonly syncReadsHold: boolean
}

const CLIENTS = 5
const DISK_MEGABYTES = 256
const CHECK_TIMEOUT_MS = 300_000
const BUILD_TIMEOUT_MS = 300_000
const CHECKER = join(INTEROP, 'faults', 'ensemble', 'checker')

/**
 * Three servers under faults and clients, and the judgement.
 *
 * @throws Error for whatever is wrong
 */
export async function runRound({
  kinds,
  seed,
  seconds,
  folder,
  network,
  progress
}: RoundSettings): Promise<RoundResult> {
  const settings = { members: participants(...kinds) }
  const ensemble = await Ensemble.plan(folder, settings, network ?? undefined)
  if (hasOwnNetwork()) {
    for (const member of ensemble.members) {
      mountSmallDisk(member.dataFolder, DISK_MEGABYTES)
      member.writeId()
    }
  }
  const random = new Random(seed)
  const history = new History()
  let value = 0
  const clients: HistoryClient[] = []
  let hasPassed = false
  try {
    await ensemble.start()
    await prepare(ensemble.connectString)
    for (let id = 0; id < CLIENTS; id++) {
      const own = new Random(seed * CLIENTS + id)
      clients.push(new HistoryClient(ensemble.connectString, id, history, own, () => ++value))
    }
    let isOver = false
    const loops = clients.map((client) => client.run(() => isOver))
    const faults = new RandomFaults(ensemble, random, network)
    const endMs = performance.now() + seconds * 1000
    let faultCount = 0
    while (performance.now() < endMs) {
      progress(await faults.next())
      faultCount++
      await new Promise((resolve) => setTimeout(resolve, random.below(2_500)))
    }
    for (const member of ensemble.members) {
      if (!member.isRunning) throw new Error(`${member.name} ended by itself:\n${member.lastLines(10)}`)
    }
    await ensemble.serving()
    isOver = true
    await Promise.all(loops)
    for (const client of clients) await client.readAll()
    const problem = clients.find((client) => client.problem !== null)?.problem ?? null
    if (problem !== null) throw new Error(problem)
    await findCreated(ensemble.connectString, clients)
    const expiries = clients.reduce((sum, client) => sum + client.expiries, 0)
    await Promise.all(clients.map((client) => client.close()))
    const found = await divergence(ensemble)
    if (found !== null) throw new Error(found)
    const syncReadsHold = await judge(history, folder)
    hasPassed = true
    return { operations: history.size, unknown: history.unknown, faults: faultCount, expiries, syncReadsHold }
  } finally {
    await Promise.all(clients.map((client) => client.close()))
    await ensemble.killAll()
    if (hasOwnNetwork()) for (const { dataFolder } of ensemble.members) leaveDisk(dataFolder, !hasPassed)
  }
}

/** @param isKept whether its content is copied to where it stays */
function leaveDisk(folder: string, isKept: boolean): void {
  if (isKept) cpSync(folder, `${folder}-kept`, { recursive: true })
  unmount(folder)
}

async function prepare(connectString: string): Promise<void> {
  const zk = await connect(connectString, { sessionTimeoutMs: 10_000 })
  for (const path of REGISTERS) await zk.create(path, '0')
  await zk.create(NUMBERED)
  await zk.create('/scratch')
  await zk.close()
}

async function findCreated(connectString: string, clients: readonly HistoryClient[]): Promise<void> {
  const zk = await connect(connectString, { sessionTimeoutMs: 10_000 })
  await zk.sync(NUMBERED)
  const names = new Set((await zk.getChildren(NUMBERED)).map((name) => `${NUMBERED}/${name}`))
  await zk.close()
  const lost = clients.flatMap((client) => client.created.filter((path) => !names.has(path)))
  if (lost.length > 0) throw new Error(`acknowledged and not there: ${lost.join(' ')}`)
}

/** Builds the checker; done by each round, at no cost after the first. */
export function checkerProgram(): Promise<string> {
  const logFile = join(cacheFolder('logs'), 'checker-build.log')
  return buildOnce('linearizability-checker', { files: [CHECKER] }, async (draft) => {
    mkdirSync(draft, { recursive: true })
    const args = ['build', '-o', join(draft, 'checker'), '.']
    await runCommand({ command: 'go', args, logFile, cwd: CHECKER }, BUILD_TIMEOUT_MS)
  })
}

async function judge(history: History, folder: string): Promise<boolean> {
  const file = join(folder, 'history.jsonl')
  history.write(file)
  const program = join(await checkerProgram(), 'checker')
  const check = (...options: readonly string[]) => {
    const picture = ['--picture', join(folder, `history${options.length}.html`)]
    return spawnSync(program, [...options, ...picture, file], { encoding: 'utf8', timeout: CHECK_TIMEOUT_MS })
  }
  const strict = check()
  if (strict.status !== 0) throw new Error(`the history is not linearizable: ${strict.stdout}`)
  return check('--sync-reads').status === 0
}
