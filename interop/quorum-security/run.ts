import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAllChildren } from '../harness/child.ts'
import { mavenClassPath } from '../harness/java.ts'
import { cacheFolder } from '../harness/paths.ts'
import { buildZoonode } from '../harness/server.ts'
import { hasKdc, NO_KDC } from '../sasl/kdc.ts'
import { SECURITY_PARTS } from './suite.ts'

/** `tsx interop/quorum-security/run.ts --parts switch`: the parts of the suite whose names have one of these words, or all. */
const { values } = parseArgs({ options: { parts: { type: 'string', default: '' } } })
process.on('exit', killAllChildren)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

await buildZoonode()
await mavenClassPath('java')
const folder = mkdtempSync(join(cacheFolder('runs'), 'quorum-security-'))
const words = values.parts.split(',')
let [passed, failed] = [0, 0]
for (const [index, part] of SECURITY_PARTS.entries()) {
  if (!words.some((word) => part.name.includes(word))) continue
  if (part.needsKdc === true && !hasKdc()) {
    console.log(`skipped  ${part.name}: ${NO_KDC}`)
    continue
  }
  const own = join(folder, String(index))
  mkdirSync(own)
  const begunMs = performance.now()
  await part.run(own, (name, problem) => {
    if (problem === null) passed++
    else failed++
    const seconds = Math.round((performance.now() - begunMs) / 1000)
    console.log(
      `${problem === null ? 'passed' : 'FAILED'} ${seconds} s  ${name}${problem === null ? '' : `: ${problem}`}`
    )
  })
}
console.log(`${passed} passed, ${failed} failed${failed > 0 ? `; logs: ${folder}` : ''}`)
if (failed === 0) rmSync(folder, { recursive: true, force: true })
process.exit(failed === 0 ? 0 : 1)
