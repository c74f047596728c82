import { javaSuite } from './harness/java-suite.ts'
import type { Suite } from './harness/suite.ts'

/** All suites, in the order in which they run. */
export const SUITES: readonly Suite[] = [
  javaSuite({ name: 'founding', project: 'java', mainClass: 'interop.Founding', isQuick: true, timeoutMs: 60_000 })
]
