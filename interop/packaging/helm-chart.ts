import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadSettings } from '../../src/server/config/load-settings.ts'
import { buildOnce } from '../harness/build-once.ts'
import { capture } from '../harness/capture.ts'
import { runCommand } from '../harness/child.ts'
import { cacheFolder, REPOSITORY } from '../harness/paths.ts'
import { SuiteUnavailableError } from '../harness/suite.ts'

const CHART = join(REPOSITORY, 'conf', 'helm', 'zoonode')
const HELM = 'helm.sh/helm/v3/cmd/helm@v3.15.4'
const BUILD_TIMEOUT_MS = 1_800_000
/** A Helm that is built from its sources takes an old release for its own. */
const RELEASE = ['--kube-version', '1.30.0']
/** Every template has something to do. */
const ALL_ON = [
  'metrics.enabled=true',
  'metrics.serviceMonitor.enabled=true',
  'persistence.dataLogDir.enabled=true',
  'persistence.storageClass=fast',
  'podAntiAffinityPreset=hard',
  'networkPolicy.allowExternal=false',
  'service.type=LoadBalancer',
  'extraConfiguration=jute.maxbuffer=2097152',
  'replicaCount=5',
  'minServerId=11',
  'tickTime=500'
].join(',')

/** @throws SuiteUnavailableError where Helm is not there and may not be built, which takes ten minutes */
export async function findHelm(mayBuild: boolean): Promise<string> {
  if (spawnSync('helm', ['version']).status === 0) return 'helm'
  const isBuilt = readdirSync(cacheFolder('helm-program')).some((name) => !name.startsWith('draft-'))
  if (!mayBuild && !isBuilt) throw new SuiteUnavailableError('Helm is not installed')
  const logFile = join(cacheFolder('logs'), 'helm.log')
  const folder = await buildOnce('helm-program', { texts: [HELM] }, (draft) =>
    runCommand({ command: 'go', args: ['install', HELM], logFile, env: { GOBIN: draft } }, BUILD_TIMEOUT_MS)
  )
  return join(folder, 'helm')
}

/** Renders the chart, as it is and with everything on, and has the image's entry and the server read what it says. */
export async function checkChart(helm: string, folder: string): Promise<void> {
  await capture(helm, ['lint', '--strict', CHART], folder)
  const plain = await capture(helm, ['template', 'release', CHART, ...RELEASE], folder)
  const full = await capture(helm, ['template', 'release', CHART, ...RELEASE, '--set', ALL_ON], folder)
  expectKinds(plain, ['NetworkPolicy', 'PodDisruptionBudget', 'Service', 'Service', 'ServiceAccount', 'StatefulSet'])
  expectKinds(full, [
    'NetworkPolicy',
    'PodDisruptionBudget',
    'Service',
    'Service',
    'Service',
    'ServiceAccount',
    'ServiceMonitor',
    'StatefulSet'
  ])
  const first = await settingsFrom(plain, join(folder, 'plain'), '1')
  const { standalone, serverId, members } = first.quorum
  if (standalone || serverId !== 1 || members.length !== 3) throw new Error('the pods are no ensemble of three')
  const last = await settingsFrom(full, join(folder, 'full'), '15')
  const { session, client, metrics, quorum } = last
  const seen = [
    session.tickTimeMs,
    client.juteMaxBufferBytes,
    metrics.provider,
    metrics.httpPort,
    quorum.members.length
  ]
  if (seen.join() !== '500,2097152,prometheus,9141,5') throw new Error(`the server would take ${seen.join()}`)
}

function expectKinds(rendered: string, wanted: readonly string[]): void {
  const kinds = [...rendered.matchAll(/^kind: (\w+)$/gm)].map((match) => match[1]).sort()
  if (kinds.join() !== wanted.join()) throw new Error(`rendered ${kinds.join()}, not ${wanted.join()}`)
}

/** What a server makes of the configuration that the entry of the image writes, with the variables of the pod. */
async function settingsFrom(rendered: string, folder: string, id: string) {
  const variables = Object.fromEntries(
    [...rendered.matchAll(/- \{ name: (Z\w+), value: "([^"]*)" \}/g)].map((match) => [match[1] ?? '', match[2] ?? ''])
  )
  const directories = { ZOO_CONF_DIR: '', ZOO_DATA_DIR: '', ZOO_DATA_LOG_DIR: '', ZOO_LOG_DIR: '' }
  for (const name of Object.keys(directories) as (keyof typeof directories)[]) {
    directories[name] = join(folder, name)
    mkdirSync(directories[name], { recursive: true })
  }
  const entry = join(REPOSITORY, 'conf', 'docker', 'docker-entrypoint.sh')
  const env = { PATH: process.env.PATH, ...variables, ...directories, ZOO_MY_ID: id }
  const { status, stderr } = spawnSync(entry, ['true'], { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the entry ended with ${status}: ${stderr}`)
  const config = join(directories.ZOO_CONF_DIR, 'zoo.cfg')
  const { settings, notices } = loadSettings({ args: ['--config', config], env: {}, workingDirectory: folder })
  const warnings = notices.filter(({ level }) => level === 'warn')
  if (warnings.length > 0) throw new Error(`${warnings[0]?.message}\n${readFileSync(config, 'utf8')}`)
  return settings
}
