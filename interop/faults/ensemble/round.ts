import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../../../src/client/index.ts'
import { buildOnce } from '../../harness/build-once.ts'
import { runCommand } from '../../harness/child.ts'
import { Ensemble, type EnsembleSettings } from '../../harness/ensemble.ts'
import { cacheFolder, INTEROP } from '../../harness/paths.ts'
import { waitFor } from '../../harness/wait-for.ts'
import { divergence } from '../../mixed-ensemble/convergence.ts'
import { Random } from '../power-cut/random.ts'
import { ALIVE, HistoryClient, NUMBERED, OWN, REGISTERS } from './client.ts'
import { EachFault, type FaultDone, type FaultSelection, RandomFaults } from './faults.ts'
import { History } from './history.ts'
import { hasOwnNetwork, mountSmallDisk, type Network, unmount } from './network.ts'
import { Reconfigurer } from './reconfigurer.ts'
import { longestStall, type Stall } from './stalls.ts'

export interface RoundSettings {
  /** Three and more. */
  readonly ensemble: EnsembleSettings
  readonly seed: number
  /** Null: each fault once, for each role, however long that takes. */
  readonly seconds: number | null
  readonly selection: FaultSelection
  /** Whether servers lose and get votes all the time. */
  readonly isReconfigured: boolean
  readonly folder: string
  readonly network: Network | null
  /** Takes each fault when it is over. */
  readonly progress: (fault: FaultDone) => void
}

export interface RoundResult {
  readonly operations: number
  readonly unknown: number
  readonly faults: number
  readonly expiries: number
  /** Sessions that went on with another server, and how many of these times that was one of the other kind. */
  readonly moves: number
  readonly movesBetweenKinds: number
  /** Longest time without an answered write, as long as a quorum could be had. */
  readonly stall: Stall
  /** Reconfigurations that were done; those refused or not answered are not counted. */
  readonly reconfigurations: number
  /** Servers of Apache's that could not come back, {@link Reconfigurer.free}. */
  readonly freed: number
  /** Whether even reads after sync were linearizable, which ZooKeeper does not promise of a leader that is being replaced. */
  readonly syncReadsHold: boolean
}

const CLIENTS = 5
const DISK_MEGABYTES = 256
const PAUSE_MS_MAX = 2_500
const EPHEMERALS_TIMEOUT_MS = 20_000
/** Longer than the timeout of the clients' sessions, and a tick. */
const EXPIRED_TIMEOUT_MS = 9_000
/** More than the limits of ticks, an election and a client's change of servers take on a busy machine. */
const STALL_MS_MAX = 15_000
const REJOIN_TIMEOUT_MS = 40_000
/** Who looks hears of a reconfiguration when it asks again, which may be in a minute. */
const FREED_TIMEOUT_MS = 90_000
const CHECK_TIMEOUT_MS = 300_000
const BUILD_TIMEOUT_MS = 300_000
const CHECKER = join(INTEROP, 'faults', 'ensemble', 'checker')

/**
 * Servers under faults and clients, and the judgement.
 *
 * @throws Error for whatever is wrong
 */
export async function runRound(settings: RoundSettings): Promise<RoundResult> {
  const { seed, folder, network } = settings
  const ensemble = await Ensemble.plan(folder, settings.ensemble, network ?? undefined)
  if (hasOwnNetwork()) {
    for (const member of ensemble.members) {
      mountSmallDisk(member.dataFolder, DISK_MEGABYTES)
      member.writeId()
    }
  }
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
    const reconfigurer = new Reconfigurer(ensemble, new Random(seed + 1))
    if (settings.isReconfigured) loops.push(reconfigurer.run(() => isOver))
    let freed = 0
    const faults = await disturb(ensemble, settings, async () => {
      freed = await reconfigurer.free()
      return freed > 0
    }).finally(() => {
      isOver = true
    })
    await Promise.all(loops)
    await ensemble.serving()
    for (const client of clients) await client.readAll()
    const problem = [reconfigurer, ...clients].find((one) => one.problem !== null)?.problem ?? null
    if (problem !== null) throw new Error(problem)
    const stall = longestStall(history.writesAnsweredUs, faults)
    if (stall.lastsMs > STALL_MS_MAX)
      throw new Error(`no write was answered for ${stall.lastsMs} ms, after ${stall.after}`)
    await findCreated(ensemble.connectString, clients)
    await judgeEphemerals(ensemble.connectString, clients)
    await Promise.all(clients.map((client) => client.close()))
    await waitForNoEphemerals(ensemble.connectString)
    const found = await divergence(ensemble)
    if (found !== null) throw new Error(found)
    const syncReadsHold = await judge(history, folder)
    hasPassed = true
    return {
      operations: history.size,
      unknown: history.unknown,
      faults: faults.length,
      stall,
      expiries: clients.reduce((sum, client) => sum + client.expired.length, 0),
      ...countMoves(ensemble, clients),
      reconfigurations: reconfigurer.done,
      freed,
      syncReadsHold
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()))
    await ensemble.killAll()
    if (hasOwnNetwork()) for (const { dataFolder } of ensemble.members) leaveDisk(dataFolder, !hasPassed)
  }
}

/** One fault after the other, until all are over. */
async function disturb(
  ensemble: Ensemble,
  { seed, seconds, network, selection, progress }: RoundSettings,
  free: () => Promise<boolean>
): Promise<readonly FaultDone[]> {
  const random = new Random(seed)
  const faults =
    seconds === null
      ? new EachFault(ensemble, random, network, selection)
      : new RandomFaults(ensemble, random, network, selection)
  const endMs = seconds === null ? Number.POSITIVE_INFINITY : performance.now() + seconds * 1000
  const done: FaultDone[] = []
  while (!faults.areOver && performance.now() < endMs) {
    const fault = await faults.next()
    if (fault === null) continue
    progress(fault)
    done.push(fault)
    await new Promise((resolve) => setTimeout(resolve, random.below(PAUSE_MS_MAX)))
  }
  for (const member of ensemble.members) {
    if (!member.isRunning) throw new Error(`${member.name} ended by itself:\n${member.lastLines(10)}`)
  }
  try {
    await ensemble.serving(REJOIN_TIMEOUT_MS)
  } catch (error) {
    if (!(await free())) throw error
    await ensemble.serving(FREED_TIMEOUT_MS)
  }
  return done
}

function countMoves(ensemble: Ensemble, clients: readonly HistoryClient[]) {
  const kindOf = new Map(ensemble.members.map((member) => [member.connectString, member.kind]))
  const moves = clients.flatMap((client) => client.moves)
  const movesBetweenKinds = moves.filter(([from, to]) => kindOf.get(from) !== kindOf.get(to)).length
  return { moves: moves.length, movesBetweenKinds }
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
  await zk.create(ALIVE)
  await zk.create(OWN)
  for (let id = 0; id < CLIENTS; id++) await zk.create(`${OWN}/${id}`, '0')
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

/**
 * Those of the sessions that live are there, those of sessions that are over go. Not always at once: a client that has heard nobody for long gives
 * its session up by itself, while a leader elected since gives each session its full timeout.
 */
async function judgeEphemerals(connectString: string, clients: readonly HistoryClient[]): Promise<void> {
  const names = new Set(await namesAlive(connectString))
  for (const { ephemeral } of clients) {
    if (ephemeral !== null && !names.has(ephemeral))
      throw new Error(`${ALIVE}/${ephemeral} has gone before its session`)
  }
  const expired = clients.flatMap((client) => client.expired)
  await waitFor('the ephemeral znodes of expired sessions to go', EXPIRED_TIMEOUT_MS, async () => {
    const left = new Set(await namesAlive(connectString))
    return expired.some((name) => left.has(name)) ? null : true
  })
}

async function waitForNoEphemerals(connectString: string): Promise<void> {
  await waitFor(`nothing to be in ${ALIVE}`, EPHEMERALS_TIMEOUT_MS, async () => {
    return (await namesAlive(connectString)).length === 0 ? true : null
  })
}

async function namesAlive(connectString: string): Promise<string[]> {
  const zk = await connect(connectString, { sessionTimeoutMs: 10_000 })
  await zk.sync(ALIVE)
  const names = await zk.getChildren(ALIVE)
  await zk.close()
  return names
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
