import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connect } from '../../src/client/index.ts'
import { buildOnce } from '../harness/build-once.ts'
import { runCommand } from '../harness/child.ts'
import { freePort } from '../harness/free-port.ts'
import { cacheFolder, INTEROP, REPOSITORY } from '../harness/paths.ts'
import { buildZoonode, Server } from '../harness/server.ts'
import type { Suite, SuiteRun } from '../harness/suite.ts'

const FOLDER = join(INTEROP, 'metrics')
const REQUIREMENTS = join(FOLDER, 'requirements.txt')
const INSTALL_TIMEOUT_MS = 300_000
const PROVIDER = 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider'
/** The first name of a path is a label: as much of it as needs an escape. */
const ODD_NAME = 'a"b\\c'

interface Family {
  readonly name: string
  readonly type: string
  readonly samples: readonly (readonly [name: string, labels: Readonly<Record<string, string>>, value: string])[]
}

interface Scrape {
  readonly contentType: string
  readonly families: readonly Family[]
}

/** What the exporter answers, read by the parser of Prometheus's Python library. */
export const metricsSuite: Suite = {
  name: 'metrics',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  async prepare() {
    await buildZoonode()
    await packages()
  },
  async run(run) {
    const port = await freePort()
    const config = {
      'metricsProvider.className': PROVIDER,
      'metricsProvider.httpHost': '127.0.0.1',
      'metricsProvider.httpPort': `${port}`
    }
    const server = new Server('zoonode', join(run.folder, 'zoonode'), { config })
    try {
      await server.start()
      await write(server)
      const scrape = await scrapeOf(`http://127.0.0.1:${port}/metrics`)
      tell(run, 'every metric of Apache ZooKeeper is there, of its kind', missing(scrape))
      tell(run, 'names with quotes and backslashes come back as they are', unlabelled(scrape))
      tell(run, 'counts are numbers, and there are as many as were made', miscounted(scrape))
    } finally {
      await server.kill()
    }
  }
}

/** Two creates and a set. */
async function write(server: Server): Promise<void> {
  const client = await connect(server.connectString)
  await client.create(`/${ODD_NAME}`, 'x')
  await client.create('/plain', 'x')
  await client.setData('/plain', 'y')
  await client.close()
}

async function scrapeOf(url: string): Promise<Scrape> {
  const env = { ...process.env, PYTHONPATH: await packages(), PYTHONDONTWRITEBYTECODE: '1' }
  const { stdout } = await promisify(execFile)('python3', [join(FOLDER, 'parse.py'), url], { env, maxBuffer: 1 << 24 })
  return JSON.parse(stdout) as Scrape // of the program above
}

/** @returns what is wrong */
function missing({ contentType, families }: Scrape): string[] {
  const golden = readFileSync(join(REPOSITORY, 'test/admin/metrics/golden/prometheus-types.txt'), 'utf8')
  const types = new Map(families.map(({ name, type }) => [name, type]))
  const lines = golden.trim().split('\n')
  const differing = lines.filter((line) => {
    const [name = '', type] = line.split(' ')
    return types.get(name) !== type
  })
  return contentType.startsWith('text/plain; version=0.0.4') ? differing : [contentType, ...differing]
}

function unlabelled({ families }: Scrape): string[] {
  const writes = families.find(({ name }) => name === 'write_per_namespace')
  const keys = new Set(writes?.samples.map(([, { key }]) => key))
  return [ODD_NAME, 'plain'].filter((name) => !keys.has(name))
}

function miscounted({ families }: Scrape): string[] {
  const samples = families.flatMap((family) => family.samples)
  const odd = samples.filter(([, , value]) => value !== 'nan' && !Number.isFinite(Number(value))).map(([name]) => name)
  const creates = families.find(({ name }) => name === 'op_count_create')?.samples[0]?.[2]
  return Number(creates) === 2 ? odd : [`op_count_create ${creates}`, ...odd]
}

function tell(run: SuiteRun, name: string, problems: readonly string[]): void {
  const status = problems.length === 0 ? 'passed' : 'failed'
  run.record({ name, status, detail: problems.slice(0, 10).join(', '), observed: null })
}

function packages(): Promise<string> {
  const logFile = join(cacheFolder('logs'), 'pip-metrics.log')
  return buildOnce('python-metrics', { files: [REQUIREMENTS] }, async (draft) => {
    const options = ['--quiet', '--disable-pip-version-check', '--no-compile', '--target', draft]
    const args = ['-m', 'pip', 'install', ...options, '-r', REQUIREMENTS]
    await runCommand({ command: 'python3', args, logFile }, INSTALL_TIMEOUT_MS)
  })
}
