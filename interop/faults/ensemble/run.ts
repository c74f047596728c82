import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAllChildren } from '../../harness/child.ts'
import { cacheFolder } from '../../harness/paths.ts'
import { buildZoonode } from '../../harness/server.ts'
import { hasOwnNetwork, Network, runInOwnNetwork } from './network.ts'
import { checkerProgram, runRound } from './round.ts'

/**
 * `tsx interop/faults/ensemble/run.ts --rounds 10 --seconds 30 --seed 7`. As root it makes network namespaces, for partitions, and small disks,
 * to fill them; else servers are only killed and stopped. `--members apache,zoonode,zoonode` mixes kinds. The seed gives the faults and what clients do, as far as a busy machine lets it.
 */
const { values } = parseArgs({
  options: {
    members: { type: 'string', default: 'zoonode,zoonode,zoonode' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 100_000) }
  }
})

async function main(): Promise<number> {
  process.on('exit', killAllChildren)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))
  const network = hasOwnNetwork() ? new Network([1, 2, 3]) : null
  console.log(network === null ? 'no partitions and no full disks: not root' : 'with partitions and full disks')
  const folder = mkdtempSync(join(cacheFolder('runs'), 'ensemble-faults-'))
  const rounds = Number(values.rounds)
  const kinds = values.members.split(',').map((name) => (name === 'apache' ? 'apache' : 'zoonode'))
  const totals = { operations: 0, unknown: 0, faults: 0, expiries: 0, staleSyncs: 0 }
  let passed = 0
  for (let round = 0; round < rounds; round++) {
    const seed = Number(values.seed) + round
    const own = join(folder, String(seed))
    mkdirSync(own)
    try {
      const settings = { kinds, seed, seconds: Number(values.seconds), folder: own, network }
      const result = await runRound({ ...settings, progress: (line) => console.log(`  ${line}`) })
      const { operations, unknown, faults, expiries, syncReadsHold } = result
      console.log(
        `seed=${seed}: ${faults} faults, ${operations} operations, ${unknown} unanswered, ${expiries} sessions expired, linearizable` +
          (syncReadsHold ? ', reads after sync too' : ', but for reads after sync')
      )
      totals.operations += operations
      totals.unknown += unknown
      totals.faults += faults
      totals.expiries += expiries
      if (!syncReadsHold) totals.staleSyncs++
      passed++
    } catch (error) {
      console.log(`seed=${seed} failed: ${error instanceof Error ? error.message : String(error)}\n  logs: ${own}`)
    }
    network?.heal()
  }
  if (passed === rounds && totals.staleSyncs === 0) rmSync(folder, { recursive: true, force: true })
  console.log(
    `${Object.entries(totals)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}\n${passed} passed, ${rounds - passed} failed`
  )
  return passed === rounds ? 0 : 1
}

if (hasOwnNetwork()) process.exit(await main())
await buildZoonode()
await checkerProgram()
process.exit(runInOwnNetwork() ?? (await main()))
