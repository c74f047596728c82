import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mavenClassPath } from '../harness/java.ts'
import { PROGRAMS } from '../harness/paths.ts'
import { buildZoonode, Server, type ServerSettings } from '../harness/server.ts'
import type { Suite, SuiteRun } from '../harness/suite.ts'
import { fill, goOn } from '../import-export/content.ts'

const TIMEOUT_MS = 60_000
const SETTINGS: ServerSettings = {
  config: { extendedTypesEnabled: 'true' },
  properties: { 'zookeeper.DigestAuthenticationProvider.superDigest': 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs=' }
}
const SNAPSHOT_COUNT = 5

/**
 * The tools for files of a stopped server, Apache's and ours by the same names, on the same files of Apache's: what they
 * print and write must be the same, byte for byte.
 */
export const toolsSuite: Suite = {
  name: 'tools',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  prepare: buildZoonode,
  async run(run) {
    const folder = await filledFolder(run)
    const names = readdirSync(folder)
    for (const log of names.filter((name) => name.startsWith('log.'))) await compareLogTools(run, join(folder, log))
    const snapshots = names.filter((name) => name.startsWith('snapshot.')).sort(byZxid)
    for (const name of snapshots) await compareSnapshotTools(run, join(folder, name))
    const [oldest = '', newest = ''] = [snapshots[0], snapshots.at(-1)]
    await compareComparers(run, join(folder, oldest), join(folder, newest))
    await compareCleanups(run, folder)
  }
}

/** A tool by the name of upstream's script, and of the class that it runs. */
interface Tool {
  readonly script: string
  readonly className: string
}

const TXN_LOG: Tool = { script: 'zkTxnLogToolkit.sh', className: 'persistence.TxnLogToolkit' }
const SNAPSHOT: Tool = { script: 'zkSnapShotToolkit.sh', className: 'SnapshotFormatter' }
const SUMMARY: Tool = { script: 'zkSnapshotRecursiveSummaryToolkit.sh', className: 'SnapshotRecursiveSummary' }
const COMPARER: Tool = { script: 'zkSnapshotComparer.sh', className: 'SnapshotComparer' }
const CLEANUP: Tool = { script: 'zkCleanup.sh', className: 'PurgeTxnLog' }

interface Outcome {
  readonly code: number
  readonly stdout: string
}

/** The `version-2` of an Apache server that was filled, and started again for each snapshot. */
async function filledFolder(run: SuiteRun): Promise<string> {
  const server = new Server('apache', join(run.folder, 'apache'), SETTINGS)
  try {
    await server.start()
    await fill(server.port)
    for (let start = 1; start < SNAPSHOT_COUNT; start++) {
      await server.stop()
      await server.start()
      await goOn(server.port, `start-${start}`)
    }
    await server.stop()
  } finally {
    await server.kill()
  }
  return join(server.folder, 'data', 'version-2')
}

async function compareLogTools(run: SuiteRun, log: string): Promise<void> {
  const name = log.slice(log.lastIndexOf('/') + 1)
  await compare(run, TXN_LOG, [log], name)
  await compare(run, TXN_LOG, ['-d', log], name)
  await compareWritten(run, TXN_LOG, ['-v', '-r', '-y'], name, readFileSync(log), 'fixed')
  const spoilt = readFileSync(log)
  const at = 200
  spoilt[at] = (spoilt[at] ?? 0) ^ 1
  await compareWritten(run, TXN_LOG, ['-r', '-y'], name, spoilt, 'fixed')
  await compareWritten(run, TXN_LOG, ['-r', '-v', '-y'], name, spoilt, 'fixed')
  const first = BigInt(`0x${name.slice('log.'.length)}`)
  const zxid = `0x${(first + 3n).toString(16)}`
  await compareWritten(run, TXN_LOG, ['-c', '-z', zxid], name, readFileSync(log), `chopped${Number(first) + 3}`)
}

async function compareSnapshotTools(run: SuiteRun, path: string): Promise<void> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  for (const options of [[], ['-d'], ['-json']]) await compare(run, SNAPSHOT, [...options, path], name)
  await compare(run, SUMMARY, [path, '/', '0'], name)
  await compare(run, SUMMARY, [path, '/', '2'], name)
  await compare(run, SUMMARY, [path, '/zookeeper', '1'], name)
}

async function compareComparers(run: SuiteRun, left: string, right: string): Promise<void> {
  for (const options of [[], ['-d'], ['-i']]) {
    const args = ['-l', left, '-r', right, '-b', '2', '-n', '1', ...options]
    await compare(run, COMPARER, args, options.join(' '), '\n/data\n1\n\n/nope\nx\n\n\n\n\n\n\n')
  }
}

/** Each on a copy of its own, which has to hold the same files afterwards. */
async function compareCleanups(run: SuiteRun, folder: string): Promise<void> {
  const root = join(run.folder, 'cleanup')
  const copies = ['apache', 'zoonode'].map((kind) => join(root, kind, 'same', 'data'))
  const outcomes: string[] = []
  for (const [index, copy] of copies.entries()) {
    const version2 = join(copy, 'version-2')
    mkdirSync(copy, { recursive: true })
    cpSync(folder, version2, { recursive: true })
    for (const name of readdirSync(version2)) utimesSync(join(version2, name), 1_700_000_000, 1_700_000_000)
    const { code, stdout } = await runOne(index === 0, CLEANUP, [copy, copy, '-n', '3'])
    // The order is that of the directory in upstream's tool.
    const lines = stdout.replaceAll(copy, 'DIR').split('\n').sort()
    outcomes.push([`exit code ${code}`, ...lines, 'left:', ...readdirSync(version2).sort()].join('\n'))
  }
  const [theirs = '', ours = ''] = outcomes
  record(run, 'zkCleanup.sh -n 3 removes the same files', theirs, ours)
  if (!theirs.includes('Removing file: ')) record(run, 'zkCleanup.sh had something to remove', 'something', theirs)
}

/** With a file that the tool writes beside the one it reads. */
async function compareWritten(
  run: SuiteRun,
  tool: Tool,
  options: readonly string[],
  name: string,
  bytes: Buffer,
  suffix: string
): Promise<void> {
  const results: { readonly text: string; readonly written: Buffer }[] = []
  for (const isApache of [true, false]) {
    const folder = join(run.folder, `written-${++writtenCount}`)
    mkdirSync(folder)
    const path = join(folder, name)
    writeFileSync(path, bytes)
    const { code, stdout } = await runOne(isApache, tool, [...options, path])
    const made = readdirSync(folder).filter((file) => file !== name)
    const [file] = made
    const written = file === undefined ? Buffer.alloc(0) : readFileSync(join(folder, file))
    results.push({ text: `exit code ${code}\n${made.join(' ')}\n${stdout.replaceAll(folder, 'DIR')}`, written })
  }
  const [theirs, ours] = results
  if (theirs === undefined || ours === undefined) throw new Error('two results were expected')
  const label = `${tool.script} ${options.join(' ')} ${name}`
  record(run, label, theirs.text, ours.text)
  // Upstream's copy is padded with zeros.
  const rest = theirs.written.subarray(ours.written.length)
  const isSame =
    theirs.written.subarray(0, ours.written.length).equals(ours.written) && rest.every((byte) => byte === 0)
  record(run, `${label}: the file .${suffix}`, 'the same bytes', isSame ? 'the same bytes' : 'other bytes')
}

let writtenCount = 0

async function compare(run: SuiteRun, tool: Tool, args: readonly string[], what: string, input = ''): Promise<void> {
  const theirs = await runOne(true, tool, args, input)
  const ours = await runOne(false, tool, args, input)
  const options = args.filter((arg) => !arg.includes('/') || arg === '/').join(' ')
  record(run, `${tool.script} ${options} (${what})`, textOf(theirs), textOf(ours))
}

function textOf({ code, stdout }: Outcome): string {
  const timeless = stdout
    .replace(/"timestamp":\d+/, '"timestamp":0')
    .replace(/ in \d+\.\d{6} seconds/g, ' in N seconds')
  return `exit code ${code}\n${timeless}`
}

function record(run: SuiteRun, name: string, theirs: string, ours: string): void {
  const isSame = theirs === ours
  run.record({
    name,
    status: isSame ? 'passed' : 'failed',
    detail: isSame ? '' : firstDifference(theirs, ours),
    observed: null
  })
}

function firstDifference(theirs: string, ours: string): string {
  const [left, right] = [theirs.split('\n'), ours.split('\n')]
  const at = left.findIndex((line, index) => line !== right[index])
  const place = at < 0 ? left.length : at
  return `line ${place + 1}: Apache's: ${left[place]?.slice(0, 200)}; ours: ${right[place]?.slice(0, 200)}`
}

async function runOne(isApache: boolean, tool: Tool, args: readonly string[], input = ''): Promise<Outcome> {
  if (!isApache) return runProcess('bash', [join(PROGRAMS, 'bin', tool.script), ...args], input)
  const classPath = await mavenClassPath('java')
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=off'
  const main = `org.apache.zookeeper.server.${tool.className}`
  return runProcess('java', ['-Xmx256m', '-XX:TieredStopAtLevel=1', quiet, '-cp', classPath, main, ...args], input)
}

function runProcess(command: string, args: readonly string[], input: string): Promise<Outcome> {
  const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C.UTF-8', JAVA_TOOL_OPTIONS: '' }
  const limits = { timeout: TIMEOUT_MS, maxBuffer: 256 * 1024 * 1024, env }
  return new Promise((resolve) => {
    const child = execFile(command, args, limits, (error, stdout) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout })
    })
    child.stdin?.on('error', () => undefined) // it may have ended without reading all of it
    child.stdin?.end(input)
  })
}

function byZxid(one: string, other: string): number {
  return Number.parseInt(one.split('.')[1] ?? '', 16) - Number.parseInt(other.split('.')[1] ?? '', 16)
}
