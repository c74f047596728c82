import { type ChildProcess, spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type MemberPlace, writeMemberFiles } from '../library/member-files.ts'

/**
 * An ensemble on this machine, for trying things out: `zoonode ensemble 3`. Each server's log has its own colour; Ctrl-C
 * stops all of them in order. Data stays, and the same command goes on with it.
 */
const USAGE = `usage: zoonode ensemble [SERVERS] [options]
  SERVERS        how many (3)
  --port N       client port of the first one; the others have those that follow (2181)
  --dir DIR      where configurations and data go (./data/ensemble)
  --observers N  how many of them are observers (0)
  --help         this text`

const COLOURS = [36, 33, 35, 32, 34, 31, 96]
const PORTS_APART = 1000
const PROGRAM = fileURLToPath(new URL('./zoonode.js', import.meta.url))
const KEYS = { tickTime: 2000, initLimit: 10, syncLimit: 5, 'admin.enableServer': false, '4lw.commands.whitelist': '*' }

interface Options {
  readonly servers: number
  readonly observers: number
  readonly port: number
  readonly directory: string
}

/** Null where only the usage is wanted. @throws Error with what is wrong */
function readOptions(): Options | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: 'string', default: '2181' },
      dir: { type: 'string', default: 'data/ensemble' },
      observers: { type: 'string', default: '0' },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (values.help) return null
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

function membersOf({ servers, observers, port }: Options): MemberPlace[] {
  return Array.from({ length: servers }, (_, index) => ({
    id: index + 1,
    role: index >= servers - observers ? ('observer' as const) : ('participant' as const),
    host: '127.0.0.1',
    clientPort: port + index,
    quorumPort: port + index + PORTS_APART,
    electionPort: port + index + 2 * PORTS_APART
  }))
}

function start(file: string, id: number): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, '--config', file], {
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
  if (options === null) {
    process.stdout.write(`${USAGE}\n`)
    return
  }
  const children: ChildProcess[] = []
  const members = membersOf(options)
  for (const member of members) {
    const directory = join(options.directory, `server-${member.id}`)
    children.push(start(writeMemberFiles(directory, member, members, KEYS), member.id))
  }
  const connect = members.map(({ host, clientPort }) => `${host}:${clientPort}`).join(',')
  process.stdout.write(`connect with: zoonode cli -server ${connect}\n`)
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
