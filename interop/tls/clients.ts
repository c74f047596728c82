import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConnectionOptions, connect } from 'node:tls'
import { buildOnce } from '../harness/build-once.ts'
import { runCommand } from '../harness/child.ts'
import { javaProgram } from '../harness/java.ts'
import { cacheFolder, INTEROP, PROGRAMS } from '../harness/paths.ts'

const FOLDER = join(INTEROP, 'tls')
const REQUIREMENTS = join(FOLDER, 'requirements.txt')
const INSTALL_TIMEOUT_MS = 300_000
const CLIENT_TIMEOUT_MS = 120_000

/** System properties of Apache's client: `zookeeper.ssl.*`. */
export type Properties = Readonly<Record<string, string>>

/** Apache's client with netty; see `TlsClient.java` for what it prints. */
export async function javaClient(port: number, properties: Properties, ...what: string[]): Promise<string> {
  return output('java', await javaArguments(port, properties, what))
}

/** Apache's client under load, until it is told to end. */
export async function startJavaLoad(port: number, properties: Properties): Promise<Load> {
  return new Load(spawn('java', await javaArguments(port, properties, ['load']), { stdio: ['pipe', 'pipe', 'ignore'] }))
}

export class Load {
  readonly #process: ChildProcess
  #text = ''

  constructor(child: ChildProcess) {
    this.#process = child
    child.stdout?.on('data', (piece: Buffer) => {
      this.#text += String(piece)
    })
  }

  get hasBegun(): boolean {
    return this.#text.includes('begun')
  }

  /** Ends it; resolves with what it says of itself. */
  async end(): Promise<string> {
    const ended = new Promise<void>((resolve) => void this.#process.once('exit', () => resolve()))
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), CLIENT_TIMEOUT_MS)
    this.#process.stdin?.end('x')
    await ended
    clearTimeout(timer)
    return this.#text.replace('begun', '').trim()
  }
}

async function javaArguments(port: number, properties: Properties, what: readonly string[]): Promise<string[]> {
  const all: Properties = {
    'zookeeper.client.secure': 'true',
    'zookeeper.clientCnxnSocket': 'org.apache.zookeeper.ClientCnxnSocketNetty',
    'org.slf4j.simpleLogger.defaultLogLevel': 'error',
    ...properties
  }
  const options = Object.entries(all).map(([key, value]) => `-D${key}=${value}`)
  return ['-Xmx128m', ...options, '-cp', await javaProgram('tls'), 'interop.TlsClient', `127.0.0.1:${port}`, ...what]
}

/** What our shell prints, asked who it is. */
export async function shellOf(
  port: number,
  properties: Properties,
  folder: string,
  environment: Properties = {}
): Promise<string> {
  const file = join(folder, 'shell.properties')
  const lines = Object.entries({ 'zookeeper.client.secure': 'true', ...properties })
  writeFileSync(file, lines.map(([key, value]) => `${key}=${value}`).join('\n'))
  const program = join(PROGRAMS, 'dist', 'bin', 'zkcli.js')
  const args = [program, '-server', `127.0.0.1:${port}`, '-timeout', '4000', '-client-configuration', file, 'whoami']
  return output(process.execPath, args, { ...process.env, ...environment })
}

/** kazoo; certificate and key are files, or null. */
export async function kazooClient(
  port: number,
  ca: string,
  own: { cert: string; key: string } | null,
  user: { name: string; password: string } | null = null,
  environment: Properties = {}
): Promise<string> {
  const env = { ...process.env, PYTHONPATH: await kazooPackages(), PYTHONDONTWRITEBYTECODE: '1', ...environment }
  // Kerberos wants a name.
  const host = user?.name === 'GSSAPI' ? 'localhost' : '127.0.0.1'
  const args = [join(FOLDER, 'kazoo_client.py'), `${host}:${port}`, ca, own?.cert ?? '-', own?.key ?? '-']
  if (user !== null) args.push(user.name, user.password)
  return output('python3', args, env)
}

export function kazooPackages(): Promise<string> {
  return pythonPackages('python-tls')
}

/** With the module that kazoo needs for Kerberos, which is compiled. @throws Error if it cannot be */
export function kazooWithKerberos(): Promise<string> {
  return pythonPackages('python-kerberos', 'kerberos==1.3.1')
}

function pythonPackages(name: string, ...more: readonly string[]): Promise<string> {
  const logFile = join(cacheFolder('logs'), `pip-${name}.log`)
  return buildOnce(name, { files: [REQUIREMENTS], texts: more }, async (draft) => {
    const options = ['--quiet', '--disable-pip-version-check', '--no-compile', '--target', draft]
    const args = ['-m', 'pip', 'install', ...options, '-r', REQUIREMENTS, ...more]
    await runCommand({ command: 'python3', args, logFile }, INSTALL_TIMEOUT_MS)
  })
}

/** Runs a command to its end; resolves with what it has printed, on standard error only if there is nothing else. */
export function output(command: string, args: readonly string[], env = process.env, input = ''): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { env, timeout: CLIENT_TIMEOUT_MS }, (_error, stdout, stderr) =>
      resolve((stdout === '' ? stderr : stdout).trim())
    )
    child.stdin?.end(input)
  })
}

/** Asks a four-letter word over TLS by Node.js; the answer, or how it failed. */
export function askSecurely(port: number, word: string, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ host: '127.0.0.1', port, ...options }, () => socket.write(word))
    socket.setTimeout(30_000, () => socket.destroy())
    socket.on('data', (piece: Buffer) => {
      text += String(piece)
    })
    // A refusal may come as an alert or as the end of the connection.
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text === '' ? 'refused' : text))
  })
}

/** Serial number of the certificate that a server shows. */
export function serialNumber(port: number, options: ConnectionOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...options }, () => {
      resolve(socket.getPeerCertificate().serialNumber)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}
