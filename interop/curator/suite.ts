import { javaSuite } from '../harness/java-suite.ts'
import { BRISK } from '../harness/settings.ts'

/** Curator's framework and recipes. */
export const curatorSuite = javaSuite({
  name: 'curator',
  project: 'curator',
  mainClass: 'interop.CuratorClient',
  isQuick: true,
  timeoutMs: 600_000,
  settings: BRISK
})
