import { javaProgram } from '../harness/java.ts'
import { serverOptions } from '../harness/own-tests.ts'
import { runCaseProgram } from '../harness/program.ts'
import type { Suite } from '../harness/suite.ts'

const TIMEOUT_MS = 2_400_000
/** Full names of test classes, for a part of them. */
const CLASSES = process.env.INTEROP_CURATOR_TESTS?.split(',') ?? []

/** Curator's own tests of ensembles. Each of them starts its own servers as processes; the harness's stands idle meanwhile. */
export const curatorOwnTestsSuite: Suite = {
  name: 'curator-own-tests',
  isQuick: false,
  settings: {},
  async prepare() {
    await javaProgram('curator-own-tests', ['own-tests'])
  },
  async run(run) {
    const servers = await serverOptions(run)
    const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
    const classPath = await javaProgram('curator-own-tests', ['own-tests'])
    const args = ['-Xmx512m', log, ...servers, '-cp', classPath, 'interop.CuratorOwnTests', ...CLASSES]
    await runCaseProgram(run, { command: 'java', args, cwd: run.folder }, TIMEOUT_MS)
  }
}
