import { execFile } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { askFourLetterWord } from '../harness/four-letter-word.ts'
import { PROGRAMS } from '../harness/paths.ts'
import { buildZoonode, Server, type ServerKind, type ServerSettings } from '../harness/server.ts'
import type { Suite, SuiteRun } from '../harness/suite.ts'
import { fill, goOn, type OpenSession } from './content.ts'
import { difference, resumeProblem, type View, viewOf } from './view.ts'

const TOOL = join(PROGRAMS, 'bin', 'zkMigrate.sh')
const TOOL_TIMEOUT_MS = 60_000
const SETTINGS: ServerSettings = {
  config: {
    extendedTypesEnabled: 'true',
    'DigestAuthenticationProvider.superDigest': 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs='
  }
}

/**
 * Data that goes from Apache's server to ours and back, in both directions from the start on, by `bin/zkMigrate.sh` and by
 * the import of a first start: after each move a client must see the very same, and open sessions must go on.
 */
export const importExportSuite: Suite = {
  name: 'import-export',
  isQuick: true,
  settings: SETTINGS,
  prepare: buildZoonode,
  async run(run) {
    const sessions = await fill(run.server.port)
    await goOn(run.server.port, run.server.kind)
    const begun: Place = { server: run.server, view: await viewOf(run.server.port), sessions }
    await run.server.stop()
    const ours = begun.server.kind === 'zoonode' ? await fromOurs(run, begun) : await fromApache(run, begun)
    await refusesWhileServed(run, ours)
    await move(run, ours, 'export with the log', exportWithLog)
    if (!run.quick) {
      await move(run, ours, 'export as gz', exportBy('--compression', 'gz'))
      await move(run, ours, 'export as snappy', exportBy('--compression', 'snappy'))
    }
    await run.server.start()
  }
}

/** A server, stopped, with what a client saw last. */
interface Place {
  readonly server: Server
  readonly view: View
  readonly sessions: readonly OpenSession[]
}

/** Brings the data of a stopped server into the folder of a new one. Throws what went wrong. */
type Move = { readonly to: ServerKind; run(from: Server, to: Server): Promise<void> }

const importAtStart: Move = {
  to: 'zoonode',
  run: async (from, to) => cpSync(dataOf(from), dataOf(to), { recursive: true })
}

const importByCommand: Move = {
  to: 'zoonode',
  run: async (from, to) => void (await runTool('import', '--from', dataOf(from), '--to', dataOf(to)))
}

function exportBy(...options: readonly string[]): Move {
  return {
    to: 'apache',
    run: async (from, to) => void (await runTool('export', '--from', dataOf(from), '--to', dataOf(to), ...options))
  }
}

/** Takes the newest snapshot away, so that the server has to replay the log over the oldest. */
const exportWithLog: Move = {
  to: 'apache',
  run: async (from, to) => {
    await exportBy('--with-log').run(from, to)
    const folder = join(dataOf(to), 'version-2')
    const snapshots = readdirSync(folder).filter((name) => name.startsWith('snapshot.'))
    const zxids = snapshots.map((name) => Number.parseInt(name.slice('snapshot.'.length), 16))
    if (snapshots.length !== 2) throw new Error(`two snapshots were expected: ${snapshots.join(' ')}`)
    rmSync(join(folder, `snapshot.${Math.max(...zxids).toString(16)}`))
  }
}

async function fromApache(run: SuiteRun, begun: Place): Promise<Place> {
  const imported = await move(run, begun, 'import at the first start', importAtStart)
  const exported = await move(run, imported, 'export', exportBy())
  return move(run, exported, 'import by command', importByCommand)
}

async function fromOurs(run: SuiteRun, begun: Place): Promise<Place> {
  const exported = await move(run, begun, 'export', exportBy())
  await move(run, exported, 'import at the first start', importAtStart)
  return move(run, exported, 'import by command', importByCommand)
}

/** One move to a new server, which is started, looked at, written to and stopped. */
async function move(run: SuiteRun, from: Place, name: string, how: Move): Promise<Place> {
  const to = new Server(how.to, join(run.folder, name.replaceAll(' ', '-')), SETTINGS)
  try {
    await how.run(from.server, to)
    await to.start()
    const digestProblem = await digestProblemOf(to)
    record(run, `${name}: the tree digest agrees`, digestProblem)
    record(run, `${name}: every znode is the same`, difference(from.view, await viewOf(to.port)))
    for (const [index, session] of from.sessions.entries()) {
      record(run, `${name}: open session ${index + 1} goes on`, await resumeProblem(to.port, session))
    }
    await goOn(to.port, name.replaceAll(' ', '-'))
    record(run, `${name}: sequence numbers go on`, sequenceProblem(from.view, await viewOf(to.port)))
    const view = await viewOf(to.port)
    await to.stop()
    return { server: to, view, sessions: from.sessions }
  } finally {
    await to.kill()
  }
}

function sequenceProblem(before: View, after: View): string | null {
  const numbers = (view: View) =>
    [...view.keys()].flatMap((path) => /^\/kinds\/seq-(\d{10})$/.exec(path)?.[1] ?? []).map(Number)
  const last = Math.max(...numbers(before))
  const added = numbers(after).filter((number) => number > last)
  return numbers(after).length === numbers(before).length + 2 && added.length === 2 ? null : `added ${added.join(' ')}`
}

/** What the server says of the digest in what it has read. */
async function digestProblemOf(server: Server): Promise<string | null> {
  const log = readFileSync(server.logFile, 'utf8')
  if (server.kind === 'zoonode') return log.includes('tree digest') && log.includes(', but the tree') ? log : null
  if (!/The digest in the snapshot has digest version of 2/.test(log)) return 'the snapshot has no digest'
  const complaint = /^.*(?:Digests are not matching|First digest mismatch|not covering the snapshot digest).*$/m.exec(
    log
  )
  if (complaint !== null) return complaint[0]
  const mntr = (await askFourLetterWord(server.port, 'mntr')) ?? ''
  const count = /^zk_digest_mismatches_count\t(\d+)/m.exec(mntr)?.[1]
  return count === '0' ? null : `digest_mismatches_count is ${count}`
}

async function refusesWhileServed(run: SuiteRun, { server }: Place): Promise<void> {
  await server.start()
  const target = join(run.folder, 'refused')
  const problem = await runTool('export', '--from', dataOf(server), '--to', target).then(
    () => 'it was not refused',
    (error: Error) => (/is in use by another server/.test(error.message) ? null : error.message)
  )
  await server.stop()
  record(run, 'export is refused while a server runs', problem)
}

function record(run: SuiteRun, name: string, problem: string | null): void {
  run.record({ name, status: problem === null ? 'passed' : 'failed', detail: problem ?? '', observed: null })
}

function dataOf(server: Server): string {
  return join(server.folder, 'data')
}

/** @throws Error with what the tool says, if it fails */
function runTool(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('bash', [TOOL, ...args], { timeout: TOOL_TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(`zkMigrate.sh ${args.join(' ')}: ${error.code}: ${stderr}${stdout}`))
    })
  })
}
