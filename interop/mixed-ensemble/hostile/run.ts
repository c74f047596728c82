import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAllChildren } from '../../harness/child.ts'
import { cacheFolder } from '../../harness/paths.ts'
import { buildZoonode } from '../../harness/server.ts'
import type { Tell } from '../attempts.ts'
import { runForeignPeers } from './foreign-peers.ts'
import { runHostile, runHostileObservers } from './hostile-scenario.ts'

const PARTS: Readonly<Record<string, (folder: string, tell: Tell) => Promise<void>>> = {
  'attacks-under-zoonode': (folder, tell) => runHostile('zoonode', folder, tell),
  'attacks-under-apache': (folder, tell) => runHostile('apache', folder, tell),
  'attacks-on-observers': runHostileObservers,
  'foreign-under-zoonode': (folder, tell) => runForeignPeers('zoonode', folder, tell),
  'foreign-under-apache': (folder, tell) => runForeignPeers('apache', folder, tell)
}

/** `tsx interop/mixed-ensemble/hostile/run.ts [--parts NAME,…]`: the hostile part of the suite by itself. */
const { values } = parseArgs({ options: { parts: { type: 'string', default: Object.keys(PARTS).join(',') } } })
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
for (const part of values.parts.split(',')) {
  const run = PARTS[part]
  if (run === undefined) throw new Error(`there is no part ${part}`)
  const own = join(folder, part)
  mkdirSync(own)
  await run(own, tell)
}
if (failed === 0) rmSync(folder, { recursive: true, force: true })
else console.log(`logs: ${folder}`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
