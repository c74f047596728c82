import { javaSuite } from '../harness/java-suite.ts'
import { BRISK } from '../harness/settings.ts'

/** What the founding issue of the project asks for. */
export const foundingSuite = javaSuite({
  name: 'founding',
  project: 'java',
  mainClass: 'interop.Founding',
  isQuick: true,
  timeoutMs: 60_000
})

/** Apache's Java client, all of its calls. */
export const javaClientSuite = javaSuite({
  name: 'java',
  project: 'java',
  mainClass: 'interop.JavaClient',
  isQuick: true,
  timeoutMs: 600_000,
  settings: BRISK
})
