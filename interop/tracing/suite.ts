import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../../src/client/zookeeper.ts'
import { buildOnce } from '../harness/build-once.ts'
import { type Child, runCommand, startChild } from '../harness/child.ts'
import { Ensemble, participants } from '../harness/ensemble.ts'
import { freePort } from '../harness/free-port.ts'
import { cacheFolder, INTEROP } from '../harness/paths.ts'
import { buildZoonode } from '../harness/server.ts'
import { type Suite, type SuiteRun, SuiteUnavailableError } from '../harness/suite.ts'
import { waitFor } from '../harness/wait-for.ts'

/** A span as the receiver writes it. */
interface Span {
  readonly service: string
  readonly server: number
  readonly scope: string
  readonly name: string
  readonly kind: string
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, unknown>>
}

const SOURCES = join(INTEROP, 'tracing')
const BUILD_TIMEOUT_MS = 300_000
const WAIT_MS = 60_000
const PATH = '/träced'

/** Traces of an ensemble, read by the package that the OpenTelemetry Collector reads them with. It is zoonode's alone: nothing is compared. */
export const tracingSuite: Suite = {
  name: 'tracing',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  async prepare() {
    try {
      await program()
    } catch (error) {
      throw new SuiteUnavailableError(`the receiver cannot be built: ${error instanceof Error ? error.message : error}`)
    }
    await buildZoonode()
  },
  async run(run) {
    const port = await freePort()
    const receiver = new Receiver(await program(), port, join(run.folder, 'spans'))
    const ensemble = await Ensemble.plan(run.folder, {
      members: participants('zoonode', 'zoonode', 'zoonode'),
      config: {
        'tracing.otlp.endpoint': `http://127.0.0.1:${port}`,
        'tracing.sampleRate': '1',
        'tracing.batchDelayMs': '50'
      }
    })
    try {
      receiver.start()
      await ensemble.startLedBy(3)
      await attempt(run, 'a write on a follower, and on the leader, as its stages', () => writes(ensemble, receiver))
      await attempt(run, 'a collector that goes is no harm, and gets what has waited when it is back', () =>
        collectorGone(ensemble, receiver)
      )
    } finally {
      await ensemble.killAll()
      await receiver.kill()
    }
  }
}

async function writes(ensemble: Ensemble, receiver: Receiver): Promise<void> {
  const beginMs = Date.now()
  const follower = await connect(ensemble.member(1).connectString)
  await follower.create(PATH, 'x')
  for (let index = 0; index < 50; index++) await follower.setData(PATH, `${index}`)
  const session = `0x${follower.session?.id.toString(16)}`
  await follower.close()
  const leader = await connect(ensemble.member(3).connectString)
  for (let index = 0; index < 50; index++) await leader.setData(PATH, `${index}`)
  await leader.close()
  const rootsOf = (server: number): Span[] =>
    receiver.spans.filter((span) => span.server === server && span.parentId === '' && span.name === 'setData')
  await waitFor('traces of both', WAIT_MS, async () =>
    rootsOf(1).length >= 50 && rootsOf(3).length >= 50 ? true : null
  )
  const { spans } = receiver
  const create = spans.find((span) => span.server === 1 && span.name === 'create')
  expect(create?.attributes['zookeeper.path'] === PATH, `path: ${JSON.stringify(create)}`)
  expect(create?.attributes['zookeeper.session.id'] === session, `session: ${JSON.stringify(create)}`)
  for (const root of [...rootsOf(1), ...rootsOf(3)]) {
    const what = JSON.stringify(root)
    expect(root.service === 'zoonode' && root.scope === 'zoonode' && root.kind === 'Server', what)
    expect(/^[0-9a-f]{32}$/.test(root.traceId) && /^[0-9a-f]{16}$/.test(root.spanId), what)
    expect(root.startMs >= beginMs - 1_000 && root.endMs <= Date.now() + 1_000 && root.startMs <= root.endMs, what)
    const stages = spans.filter((span) => span.traceId === root.traceId && span.spanId !== root.spanId)
    const sumMs = stages.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
    expect(
      stages.every(({ parentId, kind }) => parentId === root.spanId && kind === 'Internal'),
      what
    )
    expect(sumMs === root.endMs - root.startMs, `stages of ${sumMs} ms: ${what}`)
  }
  // A follower has waited for its leader, the leader for a follower.
  const peersOf = (server: number): unknown[] => {
    const ids = new Set(rootsOf(server).map(({ traceId }) => traceId))
    return spans
      .filter(({ name, traceId }) => name === 'quorum' && ids.has(traceId))
      .map(({ attributes }) => attributes['zookeeper.peer'])
  }
  expect(peersOf(1).length > 0 && peersOf(1).every((peer) => peer === 3), `a follower waited for ${peersOf(1)}`)
  expect(
    peersOf(3).every((peer) => peer === 1 || peer === 2),
    `the leader waited for ${peersOf(3)}`
  )
}

async function collectorGone(ensemble: Ensemble, receiver: Receiver): Promise<void> {
  await receiver.kill()
  const client = await connect(ensemble.member(1).connectString)
  for (let index = 0; index < 30; index++) await client.setData(PATH, `without ${index}`)
  await waitFor('a line of it', WAIT_MS, async () => (linesOf(ensemble).length > 0 ? true : null))
  await client.create('/while-it-was-gone')
  receiver.start()
  await waitFor('what has waited', WAIT_MS, async () =>
    receiver.spans.some(({ attributes }) => attributes['zookeeper.path'] === '/while-it-was-gone') ? true : null
  )
  await client.close()
  expect(linesOf(ensemble).length === 1, linesOf(ensemble).join('\n'))
  expect(receiver.complaints === '', receiver.complaints)
}

/** What the first member says of its traces. */
function linesOf(ensemble: Ensemble): string[] {
  return ensemble
    .member(1)
    .log()
    .split('\n')
    .filter((line) => line.includes('traces do not get to'))
}

async function attempt(run: SuiteRun, name: string, body: () => Promise<void>): Promise<void> {
  try {
    await body()
    run.record({ name, status: 'passed', detail: '', observed: null })
  } catch (error) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    run.record({ name, status: 'failed', detail, observed: null })
  }
}

function expect(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Error(otherwise)
}

/** The receiver's process, which may go and come back. */
class Receiver {
  readonly #program: string
  readonly #port: number
  readonly #file: string
  readonly #logs: string[] = []
  #child: Child | null = null

  constructor(folder: string, port: number, file: string) {
    this.#program = join(folder, 'receiver')
    this.#port = port
    this.#file = file
  }

  start(): void {
    const logFile = `${this.#file}-${this.#logs.length}.log`
    this.#logs.push(logFile)
    this.#child = startChild({ command: this.#program, args: [`127.0.0.1:${this.#port}`], logFile })
  }

  async kill(): Promise<void> {
    this.#child?.signal('SIGKILL')
    await this.#child?.ended
    this.#child = null
  }

  /** All that came until now, to whichever process. */
  get spans(): Span[] {
    return this.#lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Span)
  }

  /** What was no OTLP. */
  get complaints(): string {
    return this.#lines.filter((line) => line !== '' && !line.startsWith('{')).join('\n')
  }

  get #lines(): string[] {
    return this.#logs.flatMap((file) => {
      const text = readFileSync(file, 'utf8')
      // What is still being written is no line yet.
      return text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
    })
  }
}

function program(): Promise<string> {
  const logFile = join(cacheFolder('logs'), 'tracing-build.log')
  return buildOnce('tracing-program', { files: [SOURCES] }, async (draft) => {
    const args = ['build', '-o', join(draft, 'receiver'), '.']
    await runCommand({ command: 'go', args, logFile, cwd: SOURCES }, BUILD_TIMEOUT_MS)
  })
}
