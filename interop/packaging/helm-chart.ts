import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseJaasConfig } from '../../src/sasl/jaas/jaas-config.ts'
import { loadSettings } from '../../src/server/config/load-settings.ts'
import type { ServerSettings } from '../../src/server/config/settings.ts'
import { buildOnce } from '../harness/build-once.ts'
import { capture } from '../harness/capture.ts'
import { runCommand } from '../harness/child.ts'
import { cacheFolder, REPOSITORY } from '../harness/paths.ts'
import { SuiteUnavailableError } from '../harness/suite.ts'
import { type KubernetesObject, objectsOf, troublesOf } from './kubernetes-objects.ts'

const CHART = join(REPOSITORY, 'conf', 'helm', 'zoonode')
const HELM = 'helm.sh/helm/v3/cmd/helm@v3.15.4'
const BUILD_TIMEOUT_MS = 1_800_000
/** A Helm that is built from its sources takes an old release for its own. */
const RELEASE = ['--kube-version', '1.30.0']
const ALWAYS = ['Service', 'Service', 'StatefulSet']
const USUALLY = ['NetworkPolicy', 'PodDisruptionBudget', ...ALWAYS, 'ServiceAccount']
/** Characters that mean something to the shell, to JAAS files and to YAML. */
const ODD_PASSWORD = 'a"b\\c$(id) #d'

interface Variant {
  readonly name: string
  /** What a values file would say. */
  readonly values: Readonly<Record<string, unknown>>
  readonly kinds: readonly string[]
  /** Secrets that the values say are there. */
  readonly secrets?: readonly string[]
  /** What the server of the last pod makes of it, as text. */
  readonly settings: (settings: ServerSettings) => readonly unknown[]
  readonly wanted: readonly unknown[]
}

const VARIANTS: readonly Variant[] = [
  {
    name: 'default',
    values: {},
    kinds: USUALLY,
    settings: ({ quorum }) => [quorum.standalone, quorum.serverId, quorum.members.length],
    wanted: [false, 3, 3]
  },
  {
    name: 'everything',
    values: {
      replicaCount: 5,
      minServerId: 11,
      tickTime: 500,
      extraConfiguration: 'jute.maxbuffer = 2097152\n\nsnapCount=5000\n',
      jvmFlags: '-Dzookeeper.globalOutstandingLimit=7',
      podAntiAffinityPreset: 'hard',
      persistence: { storageClass: 'fast', dataLogDir: { enabled: true } },
      networkPolicy: { allowExternal: false, extraIngress: [{ from: [{ podSelector: {} }] }] },
      metrics: { enabled: true, serviceMonitor: { enabled: true, interval: '10s' } },
      service: { type: 'LoadBalancer', nodePorts: { client: 30181 } },
      resources: { requests: { cpu: 1, memory: '512Mi' }, limits: { memory: '2Gi' } },
      pdb: { minAvailable: 3 },
      image: { pullSecrets: ['own'], tag: '1' },
      global: { imageRegistry: 'registry.local', imagePullSecrets: ['all'] },
      commonLabels: { team: 'a' },
      commonAnnotations: { note: 'b' },
      podLabels: { c: 'd' },
      podAnnotations: { e: 'f' },
      hostAliases: [{ ip: '127.0.0.2', hostnames: ['other'] }],
      lifecycleHooks: { preStop: { exec: { command: ['sleep', '1'] } } }
    },
    kinds: [...USUALLY, 'Service', 'ServiceMonitor'],
    settings: ({ session, client, metrics, quorum, storage, flow }) => [
      session.tickTimeMs,
      client.juteMaxBufferBytes,
      metrics.provider,
      metrics.httpPort,
      quorum.members.length,
      quorum.serverId,
      storage.snapCount,
      flow.globalOutstandingLimit
    ],
    wanted: [500, 2_097_152, 'prometheus', 9141, 5, 15, 5000, 7]
  },
  {
    name: 'one server without anything that lasts',
    values: {
      replicaCount: 1,
      persistence: { enabled: false, dataLogDir: { enabled: true } },
      pdb: { create: false },
      networkPolicy: { enabled: false },
      serviceAccount: { create: false },
      podSecurityContext: { enabled: false },
      containerSecurityContext: { enabled: false },
      livenessProbe: { enabled: false },
      podAntiAffinityPreset: '',
      extraEnvVars: [{ name: 'ZOO_ADMINSERVER_ADDRESS', value: '0.0.0.0' }]
    },
    kinds: ALWAYS,
    settings: ({ quorum, admin }) => [quorum.standalone, admin.serverAddress],
    wanted: [true, '0.0.0.0']
  },
  {
    name: 'TLS and passwords',
    values: {
      auth: {
        client: {
          enabled: true,
          clientUser: 'ann',
          clientPassword: ODD_PASSWORD,
          serverUsers: 'ann,bob',
          serverPasswords: `${ODD_PASSWORD},two`
        },
        quorum: { enabled: true, learnerUser: 'zk', learnerPassword: 'x', serverUsers: 'zk', serverPasswords: 'x' }
      },
      tls: {
        client: {
          enabled: true,
          auth: 'need',
          existingSecret: 'certs',
          keystorePassword: 'k',
          truststorePassword: 't'
        },
        quorum: { enabled: true, existingSecret: 'peers', passwordsSecretName: 'peer-passwords' }
      },
      service: { disableBaseClientPort: true }
    },
    kinds: [...USUALLY, 'Secret', 'Secret'],
    secrets: ['certs', 'peers', 'peer-passwords'],
    settings: ({ client, acl, tls, quorum }) => [
      client.securePort,
      acl.enforceAuthEnabled,
      acl.enforceAuthSchemes,
      tls.quorumEnabled,
      quorum.saslServerRequired
    ],
    wanted: [3181, true, ['sasl'], true, true]
  },
  {
    name: 'secrets that are there',
    values: {
      auth: {
        client: { enabled: true, required: false, serverUsers: 'ann', existingSecret: 'users' },
        quorum: { enabled: true, learnerUser: 'zk', serverUsers: 'zk', existingSecret: 'peers' }
      },
      persistence: { existingClaim: 'disk', dataLogDir: { enabled: true, existingClaim: 'log' } },
      replicaCount: 1
    },
    kinds: USUALLY,
    secrets: ['users', 'peers'],
    settings: ({ acl, quorum }) => [acl.enforceAuthEnabled, quorum.saslEnabled],
    wanted: [false, true]
  }
]
/** Values that would make servers that do not work, or work otherwise than it seems. */
const REFUSED: readonly (readonly [values: string, message: RegExp])[] = [
  ['tls.client.enabled=true', /tls\.client\.existingSecret: the secret with the key store is missing/],
  [
    'auth.client.enabled=true,auth.client.serverUsers=a',
    /auth\.client\.serverPasswords: passwords of the users are missing/
  ],
  ['extraConfiguration=a=b c', /there must be no blanks in "a=b c"/]
]

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

/** Renders the chart with values of all kinds, and has the image's entry and the server read what it says. */
export async function checkChart(helm: string, folder: string): Promise<void> {
  await capture(helm, ['lint', '--strict', CHART], folder)
  for (const [index, variant] of VARIANTS.entries()) {
    const own = join(folder, String(index))
    mkdirSync(own)
    try {
      await checkVariant(helm, own, variant)
    } catch (error) {
      throw new Error(`${variant.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }
  for (const [values, message] of REFUSED) {
    const { status, stderr } = spawnSync(helm, ['template', 'release', CHART, ...RELEASE, '--set', values], {
      encoding: 'utf8'
    })
    if (status === 0 || !message.test(stderr)) throw new Error(`${values}: ${status}: ${stderr}`)
  }
}

async function checkVariant(helm: string, folder: string, variant: Variant): Promise<void> {
  const file = join(folder, 'values.json')
  writeFileSync(file, JSON.stringify(variant.values))
  const rendered = await capture(helm, ['template', 'release', CHART, ...RELEASE, '--values', file], folder)
  const objects = await objectsOf(helm, rendered, folder)
  const kinds = objects.map(({ kind }) => kind).sort()
  const wanted = [...variant.kinds].sort()
  if (kinds.join() !== wanted.join()) throw new Error(`rendered ${kinds}, not ${wanted}`)
  const troubles = troublesOf(objects, variant.secrets ?? [])
  if (troubles.length > 0) throw new Error(troubles.join('; '))
  const seen = JSON.stringify(variant.settings(settingsFrom(objects, folder)))
  if (seen !== JSON.stringify(variant.wanted)) throw new Error(`the server would take ${seen}`)
}

/**
 * What the server of the last pod makes of the configuration that the container's own command leaves, with its variables; the
 * server itself is not started. Secrets that are only named have `secret` in them.
 */
function settingsFrom(objects: readonly KubernetesObject[], folder: string): ServerSettings {
  const set = objects.find(({ kind }) => kind === 'StatefulSet')
  const [container] = set.spec.template.spec.containers
  const secrets = new Map(
    objects.filter(({ kind }) => kind === 'Secret').map((secret) => [secret.metadata.name, secret.stringData])
  )
  const variables = Object.fromEntries(
    container.env.map(({ name, value, valueFrom }: KubernetesObject) => {
      const from = valueFrom?.secretKeyRef
      return [name, value ?? secrets.get(from.name)?.[from.key] ?? 'secret']
    })
  )
  const directories = { ZOO_CONF_DIR: '', ZOO_DATA_DIR: '', ZOO_DATA_LOG_DIR: '', ZOO_LOG_DIR: '' }
  for (const name of Object.keys(directories) as (keyof typeof directories)[]) {
    directories[name] = join(folder, name)
    mkdirSync(directories[name])
  }
  const jaasFile = join(folder, 'zoo_jaas.conf')
  const entry = join(REPOSITORY, 'conf', 'docker', 'docker-entrypoint.sh')
  const script = String(container.args[0])
    .replaceAll('/tmp/zoo_jaas.conf', jaasFile)
    .replace('/docker-entrypoint.sh zkServer.sh start-foreground', `${entry} true`)
  const [shell, ...flags] = container.command
  const env = {
    PATH: process.env.PATH,
    HOSTNAME: `${set.metadata.name}-${set.spec.replicas - 1}`,
    ...variables,
    ...directories
  }
  const { status, stderr } = spawnSync(shell, [...flags, script], { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the container's command ended with ${status}: ${stderr}`)
  if ('ZOO_SERVER_USERS' in variables) expectUsers(readFileSync(jaasFile, 'utf8'), variables)
  const config = join(directories.ZOO_CONF_DIR, 'zoo.cfg')
  const args = [...(variables.SERVER_JVMFLAGS ?? '').split(' ').filter((one: string) => one !== ''), '--config', config]
  const { settings, notices } = loadSettings({ args, env: {}, workingDirectory: folder })
  const warnings = notices.filter(({ level }) => level === 'warn')
  if (warnings.length > 0) throw new Error(`${warnings[0]?.message}\n${readFileSync(config, 'utf8')}`)
  return settings
}

/** The users of the server's section, as the server reads them, are those of the variables. */
function expectUsers(text: string, variables: Readonly<Record<string, string>>): void {
  const names = variables.ZOO_SERVER_USERS?.split(',') ?? []
  const passwords = variables.ZOO_SERVER_PASSWORDS?.split(',') ?? []
  const wanted = names.map((name, index) => [`user_${name}`, passwords[index]])
  const [server] = parseJaasConfig(text).get('Server') ?? []
  const seen = [...(server?.options ?? [])]
  if (JSON.stringify(seen) !== JSON.stringify(wanted)) throw new Error(`${JSON.stringify(seen)} of\n${text}`)
}
