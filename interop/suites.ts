import { auditSuite } from './audit/suite.ts'
import { cSuite } from './c/suite.ts'
import { differentialSuite } from './differential/suite.ts'
import { goOwnTestsSuite } from './go/own-tests-suite.ts'
import { goSuite } from './go/suite.ts'
import { javaSuite } from './harness/java-suite.ts'
import { BRISK } from './harness/settings.ts'
import type { Suite } from './harness/suite.ts'
import { importExportSuite } from './import-export/suite.ts'
import { kafkaSuite } from './kafka/suite.ts'
import { kazooOwnTestsSuite, kazooSuite } from './kazoo/suite.ts'
import { mixedEnsembleSuite } from './mixed-ensemble/suite.ts'
import { zkcliSuite } from './zkcli/suite.ts'

/** All suites, in the order in which they run. */
export const SUITES: readonly Suite[] = [
  javaSuite({ name: 'founding', project: 'java', mainClass: 'interop.Founding', isQuick: true, timeoutMs: 60_000 }),
  javaSuite({
    name: 'java',
    project: 'java',
    mainClass: 'interop.JavaClient',
    isQuick: true,
    timeoutMs: 600_000,
    settings: BRISK
  }),
  kazooSuite,
  goSuite,
  zkcliSuite,
  auditSuite,
  cSuite,
  differentialSuite,
  javaSuite({
    name: 'curator',
    project: 'curator',
    mainClass: 'interop.CuratorClient',
    isQuick: true,
    timeoutMs: 600_000,
    settings: BRISK
  }),
  importExportSuite,
  mixedEnsembleSuite,
  kafkaSuite,
  kazooOwnTestsSuite,
  goOwnTestsSuite
]
