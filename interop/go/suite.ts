import { join } from 'node:path'
import { buildOnce } from '../harness/build-once.ts'
import { runCommand } from '../harness/child.ts'
import { cacheFolder, INTEROP } from '../harness/paths.ts'
import { runCaseProgram } from '../harness/program.ts'
import { BRISK } from '../harness/settings.ts'
import type { ClientSuite } from '../harness/suite.ts'

const SOURCES = join(INTEROP, 'go')
const BUILD_TIMEOUT_MS = 300_000

/** go-zookeeper, the Go client. */
export const goSuite: ClientSuite = {
  name: 'go',
  isQuick: true,
  settings: BRISK,
  async prepare() {
    await program()
  },
  async run(run) {
    const command = join(await program(), 'interop')
    await runCaseProgram(run, { command, args: [run.server.connectString], cwd: run.folder }, 300_000)
  }
}

function program(): Promise<string> {
  const logFile = join(cacheFolder('logs'), 'go-build.log')
  return buildOnce('go-program', { files: [SOURCES] }, async (draft) => {
    const args = ['build', '-o', join(draft, 'interop'), '.']
    await runCommand({ command: 'go', args, logFile, cwd: SOURCES }, BUILD_TIMEOUT_MS)
  })
}
