import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAllChildren } from '../../harness/child.ts'
import { cacheFolder } from '../../harness/paths.ts'
import { FAIL_OVER_CONFIG, measureFailOver } from './measure.ts'

/** `tsx interop/mixed-ensemble/fail-over/run.ts --rounds 5`: how long nobody could write after the leader was killed, of both kinds. */
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
process.on('exit', killAllChildren)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

const medians: number[] = []
console.log(
  Object.entries(FAIL_OVER_CONFIG)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
)
for (const kind of ['apache', 'zoonode'] as const) {
  const folder = mkdtempSync(join(cacheFolder('runs'), `fail-over-${kind}-`))
  const times = await measureFailOver(kind, Number(values.rounds), folder)
  rmSync(folder, { recursive: true, force: true })
  const sorted = times.toSorted((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0
  medians.push(median)
  console.log(`${kind}: median ${Math.round(median)} ms of ${times.map((time) => Math.round(time)).join(', ')}`)
}
const [apache = 0, zoonode = 0] = medians
console.log(`zoonode / apache: ${(zoonode / apache).toFixed(2)}`)
process.exit(0)
