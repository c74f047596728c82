import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Child, startChild } from '../harness/child.ts'
import { askFourLetterWord } from '../harness/four-letter-word.ts'
import { freePort } from '../harness/free-port.ts'
import { mavenClassPath } from '../harness/java.ts'
import { type Suite, type SuiteRun, SuiteUnavailableError } from '../harness/suite.ts'
import { waitFor } from '../harness/wait-for.ts'
import { checkConsumers } from './consumers.ts'
import { checkContainer } from './container.ts'
import { checkChart, findHelm } from './helm-chart.ts'
import { checkJutePackage, type InstalledPackage, installPackage, missingEntries } from './installed-package.ts'

const START_TIMEOUT_MS = 60_000
const SHELL_TIMEOUT_MS = 60_000
/** What has no business in the package. */
const UNWANTED = [/^dist\/simulator\//, /^dist\/.*\.map$/, /\.tsbuildinfo$/, /^(?:src|test|interop|bench|scripts)\//]

/**
 * The package as users get it: packed, installed for all users into a folder of its own, started from an empty folder, asked by Apache's shell
 * and by its own, stopped.
 */
export const packagingSuite: Suite = {
  name: 'packaging',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  prepare: async () => {
    await mavenClassPath('java')
  },
  async run(run) {
    const installed = await installPackage(run.folder, !run.quick)
    await tell(run, 'the package holds what it needs, jute-ts too, and nothing else', async () => {
      const unwanted = installed.packed.filter((path) => UNWANTED.some((pattern) => pattern.test(path)))
      if (unwanted.length > 0) throw new Error(`it holds ${unwanted.slice(0, 5).join(', ')}`)
      if (!installed.packed.includes('node_modules/jute-ts/dist/index.js')) throw new Error('jute-ts is not in it')
      const missing = missingEntries(installed)
      if (missing.length > 0) throw new Error(`its package.json names ${missing.join(', ')}`)
    })
    await tell(run, 'zoonode without a command, or with a wrong one, tells what there is', () => tellsUsage(installed))
    await tell(run, 'zoonode server serves from an empty folder, and ends by SIGTERM with code 0', () =>
      servesFromEmptyFolder(installed, run.folder)
    )
    await tell(
      run,
      'programs of others start servers: ES modules, CommonJS, TypeScript of both kinds, Jest',
      async () => {
        const folder = join(run.folder, 'consumers')
        mkdirSync(folder)
        await checkConsumers(installed.folder, folder)
      }
    )
    await tell(run, 'jute-ts can be had by itself: it packs, installs, compiles, encodes and decodes', () =>
      checkJutePackage(run.folder)
    )
    await tell(run, 'the Helm chart renders, and its servers would take what it says', async () => {
      const folder = join(run.folder, 'helm')
      mkdirSync(folder)
      await checkChart(await findHelm(!run.quick), folder)
    })
    await tell(
      run,
      'the image, without an engine: its entry and the server serve as root, as anybody, and as members',
      async () => {
        const folder = join(run.folder, 'container')
        mkdirSync(folder)
        await checkContainer(installed, folder)
      }
    )
    await tell(run, 'zoonode ensemble runs three servers, one of which leads', () =>
      runsEnsemble(installed, run.folder)
    )
  }
}

async function tell(run: SuiteRun, name: string, check: () => Promise<void>): Promise<void> {
  try {
    await check()
    run.record({ name, status: 'passed', detail: '', observed: null })
  } catch (error) {
    if (error instanceof SuiteUnavailableError) {
      return run.record({ name, status: 'skipped', detail: error.message, observed: null })
    }
    run.record({
      name,
      status: 'failed',
      detail: error instanceof Error ? error.message : String(error),
      observed: null
    })
  }
}

async function tellsUsage({ bin }: InstalledPackage): Promise<void> {
  for (const args of [[], ['sever']]) {
    const { code, stderr } = await attempt(join(bin, 'zoonode'), args)
    if (code !== 2 || !/^ {2}server /m.test(stderr)) throw new Error(`code ${code}: ${stderr}`)
  }
}

async function servesFromEmptyFolder({ bin, folder }: InstalledPackage, parent: string): Promise<void> {
  const work = join(parent, 'empty')
  mkdirSync(work)
  const port = await freePort()
  // The package's own zoo.cfg but for the ports, which others may use.
  const conf = join(work, 'conf')
  mkdirSync(conf)
  writeFileSync(
    join(conf, 'zoo.cfg'),
    `clientPort=${port}\nclientPortAddress=127.0.0.1\ndataDir=./data\nadmin.enableServer=false\n`
  )
  const logFile = join(parent, 'server.log')
  const server = startChild({ command: join(bin, 'zoonode'), args: ['server'], logFile, cwd: work })
  try {
    await waitFor('an answer of the server', START_TIMEOUT_MS, () => askFourLetterWord(port, 'srvr'))
    const at = `127.0.0.1:${port}`
    const jars = await mavenClassPath('java')
    const main = 'org.apache.zookeeper.ZooKeeperMain'
    await promised('java', ['-cp', jars, main, '-server', at, 'create', '/packed', 'hello'])
    const { stdout } = await promised(join(bin, 'zoonode'), ['cli', '-server', at, 'get', '/packed'])
    if (!/^hello$/m.test(stdout)) throw new Error(`its shell read: ${stdout}`)
    const script = await promised(join(bin, 'zkCli.sh'), ['-server', at, 'ls', '/'])
    if (!/^\[packed, zookeeper\]$/m.test(script.stdout)) throw new Error(`zkCli.sh read: ${script.stdout}`)
    if (!readdirSync(join(work, 'data', 'version-2')).includes('state.db')) throw new Error('its data is elsewhere')
    if (readdirSync(folder).includes('data')) throw new Error('its data is in the package')
    await endInOrder(server)
  } finally {
    server.killGroup()
  }
}

async function runsEnsemble({ bin }: InstalledPackage, parent: string): Promise<void> {
  const port = await freePort()
  const args = ['ensemble', '3', '--port', String(port), '--dir', join(parent, 'ensemble')]
  const child = startChild({ command: join(bin, 'zoonode'), args, logFile: join(parent, 'ensemble.log') })
  try {
    await waitFor('a leader and two followers', START_TIMEOUT_MS, async () => {
      const answers = await Promise.all([0, 1, 2].map((index) => askFourLetterWord(port + index, 'srvr')))
      const modes = answers.map((answer) => /^Mode: (\w+)$/m.exec(answer ?? '')?.[1] ?? '')
      return modes.sort().join() === 'follower,follower,leader' ? true : null
    })
    const everywhere = [0, 1, 2].map((index) => `127.0.0.1:${port + index}`).join(',')
    await promised(join(bin, 'zoonode'), ['cli', '-server', everywhere, 'create', '/of-three', ''])
    await endInOrder(child)
  } finally {
    child.killGroup()
  }
}

async function endInOrder(child: Child): Promise<void> {
  child.signal('SIGTERM')
  const { code, signal } = await waitFor('its end', START_TIMEOUT_MS, async () =>
    child.isRunning ? null : child.ended
  )
  if (code !== 0) throw new Error(`it ended with ${signal ?? `code ${code}`}`)
}

function promised(command: string, args: readonly string[]) {
  return promisify(execFile)(command, [...args], { timeout: SHELL_TIMEOUT_MS })
}

async function attempt(command: string, args: readonly string[]): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    execFile(command, [...args], (error, _, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stderr })
    })
  })
}
