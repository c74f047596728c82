import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAllChildren } from '../../harness/child.ts'
import type { EnsembleSettings } from '../../harness/ensemble.ts'
import type { MemberPlan } from '../../harness/member.ts'
import { cacheFolder } from '../../harness/paths.ts'
import { buildZoonode } from '../../harness/server.ts'
import { FAULT_KINDS } from './fault-kinds.ts'
import { ALL_FAULTS, type FaultDone, type FaultSelection } from './faults.ts'
import { hasOwnNetwork, Network, runInOwnNetwork } from './network.ts'
import { VOTERS_MIN } from './reconfigurer.ts'
import { checkerProgram, runRound } from './round.ts'

/**
 * `tsx interop/faults/ensemble/run.ts --rounds 10 --seconds 30 --seed 7`. As root it makes network namespaces, for partitions and slow links, and small
 * disks, to fill them; else servers are only killed and stopped. The seed gives the faults and what clients do, as far as a busy machine lets it.
 *
 * `--members apache,zoonode,zoonode,apache:observer` mixes kinds, `--each` does each fault once for the leader, a follower and an observer,
 * `--kinds deaf,unheard` does no other faults, `--lasts 12000` lets each last that many milliseconds.
 * `--reconfig` takes votes from servers and gives them back meanwhile, `--config group.1=1:2:3` adds lines to the configuration.
 */
const { values } = parseArgs({
  options: {
    members: { type: 'string', default: 'zoonode,zoonode,zoonode' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    each: { type: 'boolean', default: false },
    kinds: { type: 'string' },
    lasts: { type: 'string' },
    reconfig: { type: 'boolean', default: false },
    config: { type: 'string', multiple: true, default: [] }
  }
})

async function main(): Promise<number> {
  process.on('exit', killAllChildren)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
  const ensemble = ensembleSettings()
  const network = hasOwnNetwork() ? new Network(ensemble.members.map(({ sid }) => sid)) : null
  console.log(network === null ? 'no partitions and no full disks: not root' : 'with partitions and full disks')
  const folder = mkdtempSync(join(cacheFolder('runs'), 'ensemble-faults-'))
  const selection = faultSelection()
  const rounds = Number(values.rounds)
  const roundSeconds = values.each ? null : Number(values.seconds)
  const totals = new Map<string, number>()
  const faultsDone = new Map<string, number>()
  const progress = ({ what, who, sid, beganUs, endedUs }: FaultDone): void => {
    console.log(`  ${seconds(beganUs)} to ${seconds(endedUs)} s: ${what}: ${who} (${sid})`)
    add(faultsDone, `${what}: ${who}`, 1)
  }
  let longestStallMs = 0
  let passed = 0
  for (let round = 0; round < rounds; round++) {
    const seed = Number(values.seed) + round
    const own = join(folder, String(seed))
    mkdirSync(own)
    try {
      const result = await runRound({
        ensemble,
        seed,
        seconds: roundSeconds,
        selection,
        isReconfigured: values.reconfig,
        folder: own,
        network,
        progress
      })
      const { syncReadsHold, stall, ...counts } = result
      const text = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
      console.log(
        `  ${stall.lastsMs} ms without an answered write from ${seconds(stall.beganUs)} s on, after ${stall.after}`
      )
      console.log(`seed=${seed}: ${text.join(', ')}: linearizable, reads after sync ${syncReadsHold ? 'too' : 'NOT'}`)
      for (const [name, count] of Object.entries(counts)) add(totals, name, count)
      longestStallMs = Math.max(longestStallMs, stall.lastsMs)
      add(totals, 'rounds with old reads after sync', syncReadsHold ? 0 : 1)
      passed++
    } catch (error) {
      console.log(`seed=${seed} failed: ${error instanceof Error ? error.message : String(error)}\n  logs: ${own}`)
    }
    network?.heal()
  }
  if (passed === rounds && totals.get('rounds with old reads after sync') === 0) {
    rmSync(folder, { recursive: true, force: true })
  }
  for (const [fault, count] of [...faultsDone].sort()) console.log(`${String(count).padStart(5)}  ${fault}`)
  console.log([...totals].map(([name, count]) => `${name} ${count}`).join(', '))
  console.log(`${longestStallMs} ms without an answered write at most`)
  console.log(`${passed} passed, ${rounds - passed} failed`)
  return passed === rounds ? 0 : 1
}

function ensembleSettings(): EnsembleSettings {
  const members = values.members.split(',').map((text, index): MemberPlan => {
    const [kind, role = 'participant'] = text.split(':')
    if (kind !== 'apache' && kind !== 'zoonode') throw new Error(`there is no kind ${kind}`)
    if (role !== 'participant' && role !== 'observer') throw new Error(`there is no role ${role}`)
    return { sid: index + 1, kind, role }
  })
  const lines = values.config.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])
  const config = { ...(values.reconfig ? { reconfigEnabled: 'true' } : {}), ...Object.fromEntries(lines) }
  return { members, config, hasClientPorts: values.reconfig }
}

function faultSelection(): FaultSelection {
  const names = values.kinds?.split(',')
  const unknown = names?.find((name) => FAULT_KINDS.every((kind) => kind.name !== name))
  if (unknown !== undefined) throw new Error(`there is no fault ${unknown}`)
  const kinds = FAULT_KINDS.filter(({ name }) => names?.includes(name) ?? true)
  const votersMin = values.reconfig ? VOTERS_MIN : null
  if (values.lasts === undefined) return { ...ALL_FAULTS, kinds, votersMin }
  return { kinds, votersMin, shortestMs: Number(values.lasts), longestMs: Number(values.lasts) + 1 }
}

function seconds(us: number): string {
  return (us / 1_000_000).toFixed(1)
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count)
}

if (hasOwnNetwork()) process.exit(await main())
await buildZoonode()
await checkerProgram()
process.exit(runInOwnNetwork() ?? (await main()))
