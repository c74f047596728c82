import { join } from 'node:path'
import { buildOnce } from '../harness/build-once.ts'
import { runCommand } from '../harness/child.ts'
import { cacheFolder, INTEROP } from '../harness/paths.ts'
import { runCaseProgram } from '../harness/program.ts'
import type { ServerSettings } from '../harness/server.ts'
import { BRISK } from '../harness/settings.ts'
import type { ClientSuite } from '../harness/suite.ts'

const SOURCES = join(INTEROP, 'kazoo')
const REQUIREMENTS = join(SOURCES, 'requirements.txt')
const INSTALL_TIMEOUT_MS = 300_000

/** kazoo, the Python client, with its recipes. */
export const kazooSuite: ClientSuite = pythonSuite('kazoo', 'main.py', true, 600_000, BRISK)

/** kazoo's own test-suite. Its super user's password is `test`. */
export const kazooOwnTestsSuite: ClientSuite = pythonSuite('kazoo-own-tests', 'own_tests.py', false, 1_200_000, {
  config: { maxClientCnxns: '0', 'DigestAuthenticationProvider.superDigest': 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=' }
})

/** The same on ensembles, with the tests of reconfiguration. */
export const kazooOwnTestsOnEnsembles: ClientSuite = pythonSuite('kazoo-own-tests', 'own_tests.py', false, 2_400_000, {
  config: {
    tickTime: '1000',
    maxClientCnxns: '0',
    reconfigEnabled: 'true',
    'DigestAuthenticationProvider.superDigest': 'super:D/InIHSb7yEEbrWz8b9l71RjZJU='
  }
})

/** kazoo's own test of the read-only mode, which needs local sessions. */
export const kazooReadOnlyTest: ClientSuite = pythonSuite(
  'kazoo-read-only-test',
  'own_tests.py',
  false,
  300_000,
  {
    config: { tickTime: '1000', localSessionsEnabled: 'true', localSessionsUpgradingEnabled: 'true' },
    properties: { 'readonlymode.enabled': 'true' }
  },
  ['local-sessions']
)

function pythonSuite(
  name: string,
  program: string,
  isQuick: boolean,
  timeoutMs: number,
  settings: ServerSettings,
  words: readonly string[] = []
): ClientSuite {
  return {
    name,
    isQuick,
    settings,
    async prepare() {
      await packages()
    },
    async run(run) {
      const env = { PYTHONPATH: await packages(), PYTHONDONTWRITEBYTECODE: '1' }
      const args = [join(SOURCES, program), run.server.connectString, ...words]
      await runCaseProgram(run, { command: 'python3', args, env, cwd: run.folder }, timeoutMs)
    }
  }
}

/** Installs what `requirements.txt` names into a folder of its own and returns that, to be put on Python's path. */
function packages(): Promise<string> {
  const logFile = join(cacheFolder('logs'), 'pip.log')
  return buildOnce('python', { files: [REQUIREMENTS] }, async (draft) => {
    const options = ['--quiet', '--disable-pip-version-check', '--no-compile', '--target', draft]
    const args = ['-m', 'pip', 'install', ...options, '-r', REQUIREMENTS]
    await runCommand({ command: 'python3', args, logFile }, INSTALL_TIMEOUT_MS)
  })
}
