import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAllChildren } from '../../harness/child.ts'
import { type Ensemble, participants } from '../../harness/ensemble.ts'
import type { Member } from '../../harness/member.ts'
import { cacheFolder } from '../../harness/paths.ts'
import type { ServerKind } from '../../harness/server.ts'
import { type Departure, measureHandOver } from './measure.ts'

/**
 * `tsx interop/mixed-ensemble/hand-over/run.ts --rounds 5 --servers zoonode,zoonode,zoonode --by kill,stop,transfer [--to ID]`: how long nobody could write when a
 * leader was killed, was stopped, or handed its lead over.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    servers: { type: 'string', default: 'zoonode,zoonode,zoonode' },
    by: { type: 'string', default: 'kill,stop,transfer' },
    to: { type: 'string' }
  }
})
process.on('exit', killAllChildren)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

const kinds = values.servers.split(',') as ServerKind[] // a wrong one fails at its start
for (const departure of values.by.split(',') as Departure[]) {
  const folder = mkdtempSync(join(cacheFolder('runs'), `hand-over-${departure}-`))
  const rounds = Array.from({ length: Number(values.rounds) }, () => departure)
  const to = values.to === undefined ? null : Number(values.to)
  const wants = (leader: Member, ensemble: Ensemble): Member | null =>
    to === null || leader.sid === to ? null : ensemble.member(to)
  const gaps = await measureHandOver(participants(...kinds), rounds, folder, wants)
  rmSync(folder, { recursive: true, force: true })
  const sorted = gaps.map(({ gapMs }) => gapMs).toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  const each = gaps.map(({ gapMs, from, to }) => `${Math.round(gapMs)} (${from} to ${to})`).join(', ')
  console.log(`${departure}: median ${Math.round(median)} ms of ${each}`)
}
process.exit(0)
