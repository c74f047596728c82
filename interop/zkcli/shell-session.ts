import { createInterface } from 'node:readline'
import { type Child, startChild } from '../harness/child.ts'
import { DeadlineError } from '../harness/wait-for.ts'

const COMMAND_TIMEOUT_MS = 60_000
const SEPARATOR = 'no-such-command-'
/** Is answered through the same queue as events, so that those before it have been printed when it is done. */
const BARRIER = 'sync /'
const USAGE = 'ZooKeeper -server host:port '

/** What a shell printed in a session: after each command, and the watch events of the whole session up to `quit`. */
export interface Transcript {
  readonly outputs: ReadonlyMap<string, string>
  readonly events: readonly string[]
}

/**
 * Gives an interactive shell one command after the other and tells their outputs apart: after each command comes one that does not exist, whose
 * refusal names it. Both streams of the shell go into one pipe, so that their order is the shell's own.
 *
 * Watch events are printed by a thread of their own in Apache's shell, before or after the output of the command that caused them; so they are
 * taken out of the outputs and kept in their own order. That thread looks at what `printwatches` says when it prints, and dies with the process
 * at `quit`: so a `sync` follows each command, whose completion the same thread handles after the events that came before.
 *
 * @param shell    the program and its arguments
 * @param commands each may occur several times; outputs are named by the command and, from the second time on, a number
 */
export async function runShell(
  shell: readonly string[],
  commands: readonly string[],
  logFile: string,
  cwd: string
): Promise<Transcript> {
  const args = ['-c', 'exec "$@" 2>&1', 'sh', ...shell]
  const child = startChild({ command: 'sh', args, logFile, cwd, streams: 'piped', env: { TZ: 'UTC' } })
  try {
    return await converse(child, commands)
  } finally {
    child.killGroup()
  }
}

async function converse(child: Child, commands: readonly string[]): Promise<Transcript> {
  const { stdin, stdout } = child.process
  if (stdin === null || stdout === null) throw new Error('the shell has no pipes')
  stdin.on('error', () => undefined) // the end of its output tells that the shell has ended
  const outputs = new Map<string, string>()
  const events: string[] = []
  const given = ['greeting', ...commands]
  let number = 0
  let isAtBarrier = false
  let lines: string[] = []
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    child.killGroup()
  }, COMMAND_TIMEOUT_MS)

  stdin.write(`${SEPARATOR}0\n`) // what comes before its refusal is the greeting
  for await (const line of createInterface({ input: stdout })) {
    if (!line.endsWith(`${SEPARATOR}${number}`)) {
      lines.push(line)
      continue
    }
    // The refusal of an unknown command begins with the list of all commands.
    const end = lines.findLastIndex((one) => one.startsWith(USAGE))
    const output = takeEvents(lines.slice(0, end), events).join('\n')
    takeEvents(lines.slice(end), events)
    lines = []
    timer.refresh()
    isAtBarrier = !isAtBarrier
    if (isAtBarrier) {
      outputs.set(uniqueName(outputs, given[number] ?? ''), output)
      stdin.write(`${BARRIER}\n${SEPARATOR}${number}\n`)
      continue
    }
    number++
    const command = given[number]
    if (command === undefined) stdin.end('quit\n')
    else stdin.write(`${command}\n${SEPARATOR}${number}\n`)
  }
  clearTimeout(timer)
  if (isLate)
    throw new DeadlineError(`no answer to "${given[number]}" in ${COMMAND_TIMEOUT_MS} ms: ${lines.join('\n')}`)
  if (number < given.length) throw new Error(`the shell ended at "${given[number]}": ${lines.join('\n')}`)
  outputs.set('quit', takeEvents(lines, []).join('\n')) // whether the end is told as an event, too, is chance
  return { outputs, events }
}

function uniqueName(outputs: ReadonlyMap<string, string>, command: string): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? command : `${command} (${count})`
    if (!outputs.has(name)) return name
  }
}

/**
 * Moves the events out of the lines. An event is an empty line, `WATCHER::`, an empty line and the event itself; as lines of the command's own
 * output may stand between these, all empty lines are dropped.
 */
export function takeEvents(lines: readonly string[], events: string[]): string[] {
  events.push(...lines.filter((line) => line.startsWith('WatchedEvent ')))
  return lines.filter((line) => line !== '' && line !== 'WATCHER::' && !line.startsWith('WatchedEvent '))
}
