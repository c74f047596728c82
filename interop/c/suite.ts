import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { buildOnce, filesBelow } from '../harness/build-once.ts'
import { runCommand } from '../harness/child.ts'
import { cacheFolder, INTEROP } from '../harness/paths.ts'
import { runCaseProgram } from '../harness/program.ts'
import { BRISK } from '../harness/settings.ts'
import { type ClientSuite, SuiteUnavailableError } from '../harness/suite.ts'

const SOURCES = join(INTEROP, 'c')
const HEADER = '/usr/include/zookeeper/zookeeper.h'
const INSTALL_TIMEOUT_MS = 300_000
const COMPILE_TIMEOUT_MS = 60_000

/** The C client, as the operating system's packages have it. */
export const cSuite: ClientSuite = {
  name: 'c',
  isQuick: true,
  settings: BRISK,
  async prepare() {
    await installLibrary()
    await program()
  },
  async run(run) {
    const args = [run.server.connectString]
    await runCaseProgram(run, { command: join(await program(), 'interop'), args, cwd: run.folder }, 300_000)
  }
}

async function installLibrary(): Promise<void> {
  if (existsSync(HEADER)) return
  const logFile = join(cacheFolder('logs'), 'apt.log')
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '--no-install-recommends', 'libzookeeper-mt-dev']
  try {
    await runCommand({ command: 'apt-get', args: ['update'], logFile, env }, INSTALL_TIMEOUT_MS)
    await runCommand({ command: 'apt-get', args: install, logFile, env }, INSTALL_TIMEOUT_MS)
  } catch (error) {
    throw new SuiteUnavailableError('libzookeeper-mt-dev is not there and cannot be installed', { cause: error })
  }
}

function program(): Promise<string> {
  const logFile = join(cacheFolder('logs'), 'gcc.log')
  return buildOnce('c-program', { files: [SOURCES] }, async (draft) => {
    const flags = ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-DTHREADED', '-pthread']
    const args = [...flags, '-o', join(draft, 'interop'), ...filesBelow(SOURCES, '.c'), '-lzookeeper_mt']
    await runCommand({ command: 'gcc', args, logFile }, COMPILE_TIMEOUT_MS)
  })
}
