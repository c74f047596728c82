import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAllChildren } from '../../harness/child.ts'
import { cacheFolder } from '../../harness/paths.ts'
import { buildZoonode } from '../../harness/server.ts'
import { runForeignPeers } from './foreign-peers.ts'
import { runHostile } from './hostile-scenario.ts'

/** `tsx interop/mixed-ensemble/hostile/run.ts --leading zoonode,apache`: the hostile part of the suite by itself, whichever kind leads. */
const { values } = parseArgs({ options: { leading: { type: 'string', default: 'zoonode,apache' } } })
process.on('exit', killAllChildren)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

await buildZoonode()
const folder = mkdtempSync(join(cacheFolder('runs'), 'hostile-'))
let passed = 0
let failed = 0
const tell = (name: string, problem: string | null): void => {
  if (problem === null) passed++
  else failed++
  console.log(problem === null ? `  passed: ${name}` : `  FAILED: ${name}: ${problem}`)
}
for (const kind of ['zoonode', 'apache'] as const) {
  if (!values.leading.split(',').includes(kind)) continue
  for (const [name, run] of [
    ['attacks', runHostile],
    ['foreign-peers', runForeignPeers]
  ] as const) {
    const own = join(folder, `${name}-under-${kind}`)
    mkdirSync(own)
    await run(kind, own, tell)
  }
}
if (failed === 0) rmSync(folder, { recursive: true, force: true })
else console.log(`logs: ${folder}`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
