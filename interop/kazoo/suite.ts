import { join } from 'node:path'
import { buildOnce } from '../harness/build-once.ts'
import { runCommand } from '../harness/child.ts'
import { cacheFolder, INTEROP } from '../harness/paths.ts'
import { runCaseProgram } from '../harness/program.ts'
import { BRISK } from '../harness/settings.ts'
import type { Suite } from '../harness/suite.ts'

const SOURCES = join(INTEROP, 'kazoo')
const REQUIREMENTS = join(SOURCES, 'requirements.txt')
const INSTALL_TIMEOUT_MS = 300_000

/** Makes a virtual environment with what `requirements.txt` names and returns its Python. */
async function python(): Promise<string> {
  const logFile = join(cacheFolder('logs'), 'pip.log')
  const folder = await buildOnce('python', { files: [REQUIREMENTS] }, async (draft) => {
    // The environment holds its own path, so packages are put beside it rather than in one that is renamed afterwards.
    const args = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--target',
      draft,
      '-r',
      REQUIREMENTS
    ]
    await runCommand({ command: 'python3', args, logFile }, INSTALL_TIMEOUT_MS)
  })
  return folder
}

/** kazoo, the Python client, with its recipes. */
export const kazooSuite: Suite = {
  name: 'kazoo',
  isQuick: true,
  settings: BRISK,
  async prepare() {
    await python()
  },
  async run(run) {
    const env = { PYTHONPATH: await python(), PYTHONDONTWRITEBYTECODE: '1', INTEROP_HARNESS: '1' }
    const args = [join(SOURCES, 'main.py'), `127.0.0.1:${run.server.port}`]
    await runCaseProgram(run, { command: 'python3', args, env, cwd: run.folder }, 600_000)
  }
}
