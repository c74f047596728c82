import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, startChild } from '../harness/child.ts'
import { askFourLetterWord } from '../harness/four-letter-word.ts'
import { freePort } from '../harness/free-port.ts'
import { REPOSITORY } from '../harness/paths.ts'
import { SuiteUnavailableError } from '../harness/suite.ts'
import { waitFor } from '../harness/wait-for.ts'
import type { InstalledPackage } from './installed-package.ts'

const START_TIMEOUT_MS = 60_000
const VOLUMES = ['conf', 'data', 'datalog', 'logs'] as const
/** Of the image: what its volumes belong to. */
const ZOOKEEPER_UID = 1000
const NAMELESS_UID = 4321

/** What an engine does: the file systems, and then the user's entry. The first arguments are the root, the package and the user. */
const ENGINE = `
root=$1 package=$2 user=$3 readonly=$4; shift 4
mount --make-rprivate /
mount --bind /usr "$root/usr" && mount -o remount,bind,ro "$root/usr"
mount --bind "$package" "$root/opt/zoonode" && mount -o remount,bind,ro "$root/opt/zoonode"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
if [[ -n $readonly ]]; then mount --bind "$root/$readonly" "$root/$readonly" && mount -o remount,bind,ro "$root/$readonly"; fi
cd "$root"
exec chroot --userspec="$user:$user" --groups= "$root" /bin/bash -c 'cd /opt/zoonode && exec /docker-entrypoint.sh "$@"' entry "$@"
`

/**
 * The image without an engine: what its Dockerfile leaves, as far as a server sees it, in a mount namespace of its own over a root
 * that has the package, the system's programs and volumes. Its network is this machine's.
 */
class Container {
  readonly root: string
  readonly #package: string
  readonly #uid: number

  /** @param uid whom the engine runs it as; the volumes are the image's user's, or that one's */
  constructor(root: string, installed: InstalledPackage, uid: number) {
    this.root = root
    this.#package = installed.folder
    this.#uid = uid
    for (const name of ['usr', 'opt/zoonode', 'proc', 'dev', 'tmp', 'etc', ...VOLUMES]) {
      mkdirSync(join(root, name), { recursive: true })
    }
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name))
    chmodSync(join(root, 'tmp'), 0o1777)
    const owner = uid === 0 ? ZOOKEEPER_UID : uid
    for (const name of VOLUMES) chownSync(join(root, name), owner, owner)
    writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0::/root:/bin/sh\nzookeeper:x:1000:1000::/:/bin/sh\n')
    writeFileSync(join(root, 'etc', 'group'), 'root:x:0:\nzookeeper:x:1000:\n')
    writeFileSync(join(root, 'etc', 'hosts'), '127.0.0.1 localhost\n')
    const entry = join(root, 'docker-entrypoint.sh')
    writeFileSync(entry, readFileSync(join(REPOSITORY, 'conf', 'docker', 'docker-entrypoint.sh')))
    chmodSync(entry, 0o755)
  }

  /**
   * Arguments of `env`: nothing of this process's own environment is there.
   *
   * @param readonly a volume that is mounted so; empty for none
   */
  #args(variables: Readonly<Record<string, string>>, command: readonly string[], readonly = ''): string[] {
    const environment = Object.entries({ ...imageVariables(), ...variables }).map(([name, value]) => `${name}=${value}`)
    const engine = ['unshare', '--mount', 'bash', '--norc', '-euc', ENGINE, 'engine']
    return ['-i', ...environment, ...engine, this.root, this.#package, String(this.#uid), readonly, ...command]
  }

  start(variables: Readonly<Record<string, string>>, readonly = ''): Child {
    const args = this.#args(variables, ['zkServer.sh', 'start-foreground'], readonly)
    return startChild({ command: 'env', args, logFile: join(this.root, 'container.log') })
  }

  /** What a command says; as by the engine's `run`. */
  run(...command: readonly string[]): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync('env', this.#args({}, command), { encoding: 'utf8' })
    return { status, output: stdout + stderr }
  }
}

/** What the Dockerfile sets. */
function imageVariables(): Record<string, string> {
  const text = readFileSync(join(REPOSITORY, 'conf', 'docker', 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ')
  const entries = [...text.matchAll(/^ENV (.*)$/gm)].flatMap((line) => (line[1] ?? '').trim().split(/\s+/))
  const variables = Object.fromEntries(
    entries.map((entry) => [entry.split('=', 1)[0] ?? '', entry.replace(/^\w+=/, '')])
  )
  return { ...variables, PATH: '/opt/zoonode/bin:/usr/local/bin:/usr/sbin:/usr/bin', HOSTNAME: 'box' }
}

/** The image's entry with the server that it becomes: as root, as a user without a name, over a mounted configuration, as members. */
export async function checkContainer(installed: InstalledPackage, folder: string): Promise<void> {
  if (process.getuid?.() !== 0 || spawnSync('unshare', ['--mount', 'mount', '--make-rprivate', '/']).status !== 0) {
    throw new SuiteUnavailableError('no mount namespace may be made')
  }
  await servesAsRoot(new Container(join(folder, 'root'), installed, 0))
  await servesAsAnybody(new Container(join(folder, 'nameless'), installed, NAMELESS_UID))
  await servesMountedConfiguration(
    [1, 2, 3].map((id) => new Container(join(folder, `member-${id}`), installed, ZOOKEEPER_UID))
  )
}

async function servesAsRoot(container: Container): Promise<void> {
  chownSync(join(container.root, 'data'), 0, 0)
  const [port, adminPort] = [await freePort(), await freePort()]
  const variables = {
    ZOO_SERVERS: `server.1=127.0.0.1:2888:3888;127.0.0.1:${port}`,
    ZOO_CFG_EXTRA: `admin.serverPort=${adminPort} snapCount=1000`,
    ZOO_4LW_COMMANDS_WHITELIST: 'ruok,srvr'
  }
  await serving(container.start(variables), [port], async (child) => {
    expectSame(await askFourLetterWord(port, 'ruok'), 'imok', 'ruok')
    expectSame(uidOf(child), ZOOKEEPER_UID, 'user of the server')
    expectSame(statSync(join(container.root, 'data', 'version-2')).uid, ZOOKEEPER_UID, 'owner of the data')
    const created = container.run('zkCli.sh', '-server', `127.0.0.1:${port}`, 'create', '/from-a-shell', 'x')
    if (!created.output.includes('Created /from-a-shell')) throw new Error(`zkCli.sh: ${created.output}`)
    const status = container.run('zkServer.sh', 'status')
    if (status.status !== 0 || !/^Mode: standalone$/m.test(status.output)) throw new Error(`status: ${status.output}`)
    const health = container.run('node', '/opt/zoonode/bin/probe.mjs', 'readyz')
    if (health.status !== 0) throw new Error(`its health check: ${health.output}`)
  })
  expectSame(container.run('echo', 'a  b', '$x').output, 'a  b $x\n', 'another command')
}

async function servesAsAnybody(container: Container): Promise<void> {
  const port = await freePort()
  const variables = {
    ZOO_SERVERS: `server.1=127.0.0.1:2888:3888;127.0.0.1:${port}`,
    ZOO_ADMINSERVER_ENABLED: 'false'
  }
  await serving(container.start(variables), [port], async (child) => {
    expectSame(uidOf(child), NAMELESS_UID, 'user of the server')
  })
  const log = readFileSync(join(container.root, 'container.log'), 'utf8')
  if (/cannot find name|Permission denied/.test(log)) throw new Error(`its log has:\n${log}`)
}

/** Members with a `zoo.cfg` that somebody has mounted and nobody may write. */
async function servesMountedConfiguration(containers: readonly Container[]): Promise<void> {
  const ports = await Promise.all(containers.map(() => freePort()))
  const lines = await Promise.all(
    ports.map(async (port, index) => {
      const [quorumPort, electionPort] = [await freePort(), await freePort()]
      return `server.${index + 1}=127.0.0.1:${quorumPort}:${electionPort};127.0.0.1:${port}`
    })
  )
  const config = ['dataDir=/data', 'initLimit=30', 'syncLimit=15', 'admin.enableServer=false', ...lines].join('\n')
  const children = containers.map((container, index) => {
    writeFileSync(join(container.root, 'conf', 'zoo.cfg'), config)
    chownSync(join(container.root, 'conf'), 0, 0)
    return container.start({ ZOO_MY_ID: String(index + 1), ZOO_TICK_TIME: '1' }, 'conf')
  })
  const [first, ...others] = children
  if (first === undefined) throw new Error('there is no member')
  try {
    await serving(first, ports, async () => {
      for (const [index, { root }] of containers.entries()) {
        expectSame(readFileSync(join(root, 'data', 'myid'), 'utf8'), `${index + 1}\n`, 'myid')
        expectSame(readFileSync(join(root, 'conf', 'zoo.cfg'), 'utf8'), config, 'the configuration')
      }
    })
  } finally {
    for (const child of others) child.killGroup()
  }
}

/** Waits until servers serve at all ports, does something, and ends the first one in order. */
async function serving(child: Child, ports: readonly number[], work: (child: Child) => Promise<void>): Promise<void> {
  try {
    for (const port of ports) {
      await waitFor(`a server at ${port}`, START_TIMEOUT_MS, async () => {
        const answer = (await askFourLetterWord(port, 'srvr')) ?? ''
        return /^Mode: (standalone|leader|follower)$/m.test(answer) ? true : null
      })
    }
    await work(child)
    child.signal('SIGTERM')
    const { code, signal } = await waitFor('its end', START_TIMEOUT_MS, async () =>
      child.isRunning ? null : child.ended
    )
    if (code !== 0) throw new Error(`it ended with ${signal ?? `code ${code}`}`)
  } finally {
    child.killGroup()
  }
}

function uidOf(child: Child): number {
  return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${child.process.pid}/status`, 'utf8'))?.[1])
}

function expectSame(got: unknown, wanted: unknown, what: string): void {
  if (got !== wanted) throw new Error(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`)
}
