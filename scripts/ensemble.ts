import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

/**
 * An ensemble on this machine, for trying things out: `npm run ensemble -- 3`. Each server's log has its own colour; Ctrl-C
 * stops all of them in order. Data stays, and the same command goes on with it.
 */
const USAGE = `npm run ensemble -- [SERVERS] [options]
  SERVERS        how many (3)
  --port N       client port of the first one; the others have those that follow (2181)
  --dir DIR      where configurations and data go (./data/ensemble)
  --observers N  how many of them are observers (0)`

const COLOURS = [36, 33, 35, 32, 34, 31, 96]
const PORTS_APART = 1000
const ENTRY = 'dist/bin/zoonode.js'

interface Options {
  readonly servers: number
  readonly observers: number
  readonly port: number
  readonly directory: string
}

function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '2181' },
      dir: { type: 'string', default: 'data/ensemble' },
      observers: { type: 'string', default: '0' }
    }
  })
  const servers = wholeNumber('SERVERS', positionals[0] ?? '3', 1, 99)
  return {
    servers,
    observers: wholeNumber('--observers', values.observers, 0, servers - 1),
    port: wholeNumber('--port', values.port, 1, 65535 - 2 * PORTS_APART - servers),
    directory: resolve(values.dir)
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new Error(`${name} must be a whole number from ${least} to ${most}, not "${text}"`)
}

function memberLines({ servers, observers, port }: Options): string[] {
  return Array.from({ length: servers }, (_, index) => {
    const role = index >= servers - observers ? 'observer' : 'participant'
    const client = port + index
    const quorum = client + PORTS_APART
    const election = client + 2 * PORTS_APART
    return `server.${index + 1}=127.0.0.1:${quorum}:${election}:${role};127.0.0.1:${client}`
  })
}

/** @returns the configuration file */
function prepare(options: Options, id: number): string {
  const directory = join(options.directory, `server-${id}`)
  const dataDir = join(directory, 'data')
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(join(dataDir, 'myid'), `${id}\n`)
  const file = join(directory, 'zoo.cfg')
  const lines = [
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    `dataDir=${dataDir}`,
    'admin.enableServer=false',
    '4lw.commands.whitelist=*',
    // One server is an ensemble, too, when more are to join it.
    'standaloneEnabled=false',
    ...memberLines(options)
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

function start(file: string, id: number): ChildProcess {
  const child = spawn(process.execPath, [ENTRY, '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true
  })
  const colour = process.stdout.isTTY ? COLOURS[(id - 1) % COLOURS.length] : undefined
  const say = (line: string): void => {
    const text = `${String(id).padStart(2)} | ${line}`
    process.stdout.write(colour === undefined ? `${text}\n` : `\u001b[${colour}m${text}\u001b[0m\n`)
  }
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', say)
  child.on('exit', (code, signal) => say(`ended: ${signal ?? `exit code ${code}`}`))
  return child
}

function main(): void {
  const options = readOptions()
  const children: ChildProcess[] = []
  for (let id = 1; id <= options.servers; id++) children.push(start(prepare(options, id), id))
  const connect = Array.from({ length: options.servers }, (_, index) => `127.0.0.1:${options.port + index}`).join(',')
  process.stdout.write(`connect with: bin/zkCli.sh -server ${connect}\n`)
  let isStopping = false
  const stop = (): void => {
    // A second signal would end a server that is tidying up.
    if (isStopping) return
    isStopping = true
    for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

try {
  main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`)
  process.exitCode = 2
}
