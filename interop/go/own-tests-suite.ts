import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { capture } from '../harness/capture.ts'
import { startChild } from '../harness/child.ts'
import { mavenClassPath } from '../harness/java.ts'
import { INTEROP, PROGRAMS } from '../harness/paths.ts'
import { buildZoonode, type ServerKind } from '../harness/server.ts'
import type { Suite, SuiteRun } from '../harness/suite.ts'

const SOURCES = join(INTEROP, 'go')
const MODULE = 'github.com/go-zookeeper/zk'
const TEST_TIMEOUT_MS = 600_000
/** Tests that start an ensemble of three servers, and their helper for servers that are started again. */
const OF_ENSEMBLES = [
  'TestIntegration_BasicCluster',
  'TestIntegration_ClientClusterFailover',
  'TestIntegration_NoQuorum',
  'TestIntegration_RecurringReAuthHang',
  'TestIntegration_DNSHostProviderReconnect',
  'TestIntegration_IncrementalReconfig',
  'TestIntegration_Reconfig'
]

/**
 * go-zookeeper's own tests of one server. Each of them starts its own by a script `zkServer.sh`, so the harness's stands idle meanwhile; the
 * script is the project's for zoonode, and one that starts Apache's server otherwise.
 */
export const goOwnTestsSuite: Suite = goTests('go-own-tests', [
  '-run',
  '^TestIntegration_',
  '-skip',
  `^(${OF_ENSEMBLES.join('|')})$`
])

/** Those of its own tests that start ensembles. */
export const goOwnEnsembleTestsSuite: Suite = goTests('go-own-ensemble-tests', [
  '-run',
  `^(${OF_ENSEMBLES.join('|')})$`
])

function goTests(name: string, selection: readonly string[]): Suite {
  return {
    name,
    isQuick: false,
    settings: {},
    async prepare() {
      await capture('go', ['mod', 'download'], SOURCES)
    },
    async run(run) {
      const scripts = await scriptFolder(run.server.kind, run.folder)
      const cwd = await repairedModule(run.folder)
      const args = ['test', '-json', '-count=1', ...selection, '.']
      const env = { ZOOKEEPER_BIN_PATH: scripts, ZK_VERSION: '3.9.5' }
      const logFile = join(run.folder, 'program.log')
      const child = startChild({ command: 'go', args, cwd, env, logFile, streams: 'piped' })
      const timer = setTimeout(() => child.killGroup(), TEST_TIMEOUT_MS)
      if (child.process.stdout === null) throw new Error('go test has no output')
      const output = new Map<string, string>()
      for await (const line of createInterface({ input: child.process.stdout })) recordEvent(run, line, output)
      const end = await child.ended
      clearTimeout(timer)
      if (end.signal !== null) throw new Error(`go test was not done after ${TEST_TIMEOUT_MS} ms`)
    }
  }
}

function recordEvent(run: SuiteRun, line: string, output: Map<string, string>): void {
  const event: unknown = JSON.parse(line)
  if (typeof event !== 'object' || event === null) return
  const fields = new Map<string, unknown>(Object.entries(event))
  const name = fields.get('Test')
  if (typeof name !== 'string') return
  const action = fields.get('Action')
  if (action === 'output') output.set(name, `${output.get(name) ?? ''}${fields.get('Output')}`.slice(-2_000))
  if (action === 'pass') run.record({ name, status: 'passed', detail: '', observed: null })
  if (action === 'skip') run.record({ name, status: 'skipped', detail: output.get(name) ?? '', observed: null })
  if (action === 'fail') run.record({ name, status: 'failed', detail: output.get(name) ?? '', observed: null })
}

/**
 * Returns a folder with a `zkServer.sh` that becomes the server when called as `zkServer.sh start-foreground CONFIG`. With zoonode, members of
 * ensembles whose ids are in `INTEROP_GO_APACHE_IDS` (`1,3`) are Apache's all the same.
 */
async function scriptFolder(kind: ServerKind, folder: string): Promise<string> {
  const ours = join(PROGRAMS, 'bin')
  const apacheIds = (process.env.INTEROP_GO_APACHE_IDS ?? '').split(',').filter((id) => id !== '')
  if (kind === 'zoonode') {
    await buildZoonode()
    if (!existsSync(join(ours, 'zkServer.sh'))) throw new Error('bin/zkServer.sh is not there')
    if (apacheIds.length === 0) return ours
  }
  const scripts = join(folder, 'bin')
  mkdirSync(scripts)
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
  const apache = `exec java -Xmx256m $SERVER_JVMFLAGS -cp '${await mavenClassPath('java')}' ${main} "$2"\n`
  // The configuration is in the data directory.
  const choice = `case $(cat "$(dirname "$2")/myid" 2>/dev/null) in ${apacheIds.join('|')}) ;; *) exec '${ours}/zkServer.sh' "$@" ;; esac\n`
  writeFileSync(join(scripts, 'zkServer.sh'), `#!/bin/sh\n${kind === 'zoonode' ? choice : ''}${apache}`)
  chmodSync(join(scripts, 'zkServer.sh'), 0o755)
  return scripts
}

/**
 * The tests wait for a server by parsing its answer to `srvr`, with a date of building as servers before 3.5 wrote it, so no newer server
 * ever passes. Makes a copy of the module in which the mode in that answer is enough
 * (`ruok` is answered before requests are), and returns its folder.
 */
async function repairedModule(folder: string): Promise<string> {
  const module = (await capture('go', ['list', '-m', '-f', '{{.Dir}}', MODULE], SOURCES)).trim()
  const copy = join(folder, 'module')
  mkdirSync(copy)
  for (const file of readdirSync(module, { withFileTypes: true })) {
    if (file.isFile()) writeFileSync(join(copy, file.name), readFileSync(join(module, file.name)))
  }
  const helper = join(copy, 'server_help_test.go')
  const asked = '_, ok := FLWSrvr(serverAddrs, time.Second)\n'
  const instead = [
    'ok := true',
    'for _, address := range serverAddrs {',
    '  answer, err := fourLetterWord(address, "srvr", time.Second)',
    '  ok = ok && err == nil && strings.Contains(string(answer), "Mode: ")',
    '}',
    ''
  ].join('\n')
  const text = readFileSync(helper, 'utf8')
  if (!text.includes(asked)) throw new Error(`${helper} does not ask srvr any more`)
  writeFileSync(helper, text.replace(asked, instead))
  return copy
}
