import { join } from 'node:path'
import { readAuditLines, SessionNames } from '../audit/audit-lines.ts'
import { buildOnce } from '../harness/build-once.ts'
import { runCommand } from '../harness/child.ts'
import { javaProgram } from '../harness/java.ts'
import { cacheFolder, INTEROP } from '../harness/paths.ts'
import { runCaseProgram } from '../harness/program.ts'
import type { Server, ServerSettings } from '../harness/server.ts'
import type { Suite, SuiteRun } from '../harness/suite.ts'
import { waitFor } from '../harness/wait-for.ts'
import { runOwnCases } from './own-cases.ts'
import { RAW_CASES } from './raw-cases.ts'
import { RawClient } from './raw-client.ts'

const FOLDER = join(INTEROP, 'sasl')
const REQUIREMENTS = join(FOLDER, 'requirements.txt')
const INSTALL_TIMEOUT_MS = 300_000
const PROGRAM_TIMEOUT_MS = 180_000

/** Servers whose clients may log in by SASL. */
export const SETTINGS: ServerSettings = {
  config: {
    maxClientCnxns: '0',
    'audit.enable': 'true',
    'authProvider.sasl': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
    'superUser.1': 'root',
    'SASLAuthenticationProvider.superPassword': 'supersecret'
  },
  properties: {
    'java.security.auth.login.config': join(FOLDER, 'jaas-server.conf'),
    'file.encoding': 'UTF-8'
  }
}

function settingsWith(config: Readonly<Record<string, string>>): ServerSettings {
  return { ...SETTINGS, config: { ...SETTINGS.config, ...config } }
}

/** Exchanges byte by byte, then real clients: Java, kazoo, one with scramp, ours. */
export const saslSuite: Suite = {
  name: 'sasl',
  isQuick: true,
  settings: SETTINGS,
  async prepare() {
    await javaProgram('sasl')
    await packages()
  },
  async run(run) {
    await runRawCases(run)
    await recordAuditLines(run)
    await runOwnCases(run)
    const env = { PYTHONPATH: await packages(), PYTHONDONTWRITEBYTECODE: '1' }
    const python = { command: 'python3', args: [join(FOLDER, 'main.py'), run.server.connectString, run.server.kind] }
    await runCaseProgram(run, { ...python, env, cwd: run.folder }, PROGRAM_TIMEOUT_MS)
    const log = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'
    const args = [
      '-Xmx256m',
      log,
      '-Dzookeeper.fips-mode=false',
      '-cp',
      await javaProgram('sasl'),
      'interop.SaslClient'
    ]
    const java = { command: 'java', args: [...args, run.server.connectString], cwd: run.folder }
    await runCaseProgram(run, java, PROGRAM_TIMEOUT_MS)
  }
}

/** The same bytes to servers that want it otherwise. */
export const saslVariants: readonly Suite[] = [
  variant('sasl-failed-clients', { allowSaslFailedClients: 'true' }),
  variant('sasl-required', { sessionRequireClientSASLAuth: 'true', 'enforce.auth.schemes': 'digest' }),
  variant('sasl-enforced', {
    allowSaslFailedClients: 'true',
    'enforce.auth.enabled': 'true',
    'enforce.auth.schemes': 'digest, sasl',
    'kerberos.removeRealmFromPrincipal': 'true'
  })
]

function variant(name: string, config: Readonly<Record<string, string>>): Suite {
  return { name, isQuick: true, settings: settingsWith(config), prepare: async () => undefined, run: runRawCases }
}

async function runRawCases(run: SuiteRun): Promise<void> {
  for (const { name, run: body } of RAW_CASES) {
    const seen: string[] = []
    const client = await RawClient.open(portOf(run.server))
    try {
      await body(client, (text) => seen.push(text))
      run.record({ name, status: 'passed', detail: '', observed: seen.join('\n') })
    } catch (error) {
      run.record({ name, status: 'failed', detail: `${error}\n${seen.join('\n')}`, observed: null })
    } finally {
      client.drop()
    }
  }
}

/** Who has made the znodes of the last case, and tried to write to the configuration, by the audit log. */
async function recordAuditLines(run: SuiteRun): Promise<void> {
  const names = new SessionNames()
  const lines = await waitFor('the last line of the audit log', 10_000, async () => {
    const found = readAuditLines(run.server)
    return found.some((line) => line.includes('znode=/acl-612062')) ? found : null
  })
  const own = lines.filter((line) => line.includes('znode=/acl-') || line.includes('znode=/zookeeper/config'))
  const observed = own.map((line) => names.normalise(line)).join('\n')
  run.record({ name: 'the audit log names who has logged in', status: 'passed', detail: '', observed })
}

function portOf(server: Server): number {
  return server.port
}

function packages(): Promise<string> {
  const logFile = join(cacheFolder('logs'), 'pip-sasl.log')
  return buildOnce('python-sasl', { files: [REQUIREMENTS] }, async (draft) => {
    const options = ['--quiet', '--disable-pip-version-check', '--no-compile', '--target', draft]
    const args = ['-m', 'pip', 'install', ...options, '-r', REQUIREMENTS]
    await runCommand({ command: 'python3', args, logFile }, INSTALL_TIMEOUT_MS)
  })
}
