import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesBelow } from '../harness/build-once.ts'
import { mavenClassPath } from '../harness/java.ts'
import { INTEROP, PROGRAMS } from '../harness/paths.ts'
import { buildZoonode } from '../harness/server.ts'
import type { Suite, SuiteRun } from '../harness/suite.ts'
import { normalise, sortLists } from './normalise.ts'
import { runShell, takeEvents } from './shell-session.ts'

const SOURCES = join(INTEROP, 'zkcli')
const OUR_SHELL = join(PROGRAMS, 'bin', 'zkCli.sh')
const ONE_SHOT_TIMEOUT_MS = 60_000
/** Each start of a Java shell takes a second or more. */
const QUICK_ONE_SHOT_COUNT = 8

/**
 * The shells: Apache's, whose output the report compares between the servers, and ours, whose output has to be that of Apache's shell on the
 * same server.
 */
export const zkcliSuite: Suite = {
  name: 'zkcli',
  isQuick: true,
  settings: { config: { extendedTypesEnabled: 'true' } },
  async prepare() {
    await mavenClassPath('java')
    if (existsSync(OUR_SHELL)) await buildZoonode()
  },
  async run(run) {
    const server = ['-server', `127.0.0.1:${run.server.port}`]
    const apache = [...(await apacheShell()), ...server]
    const ours = existsSync(OUR_SHELL) ? [OUR_SHELL, ...server] : null
    await compareSessions(run, apache, ours)
    await compareOneShots(run, apache, ours)
  }
}

/** Apache's shell without JLine, which prints prompts and warns about a missing terminal when it reads commands from a pipe. */
async function apacheShell(): Promise<string[]> {
  const folder = join(await mavenClassPath('java'), '..')
  const jars = filesBelow(folder, '.jar').filter((jar) => !jar.includes('jline'))
  const options = ['-Xmx256m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=off']
  return ['java', ...options, '-cp', jars.join(':'), 'org.apache.zookeeper.ZooKeeperMain']
}

async function compareSessions(run: SuiteRun, apache: string[], ours: string[] | null): Promise<void> {
  const commands = readLines('script.txt')
  const theirs = await runShell(apache, commands, join(run.folder, 'apache-shell.log'), run.folder)
  const expected = new Map([...theirs.outputs].map(([name, output]) => [name, sortLists(normalise(output))]))
  const expectedEvents = normalise(theirs.events.join('\n'))
  for (const [name, output] of expected) {
    run.record({ name: `session: ${name}`, status: 'passed', detail: '', observed: output })
  }
  run.record({ name: 'session: watch events', status: 'passed', detail: '', observed: expectedEvents })
  if (ours === null) {
    run.record({ name: 'our shell: session', status: 'skipped', detail: 'bin/zkCli.sh is not there', observed: null })
    return
  }
  const found = await runShell(ours, commands, join(run.folder, 'our-shell.log'), run.folder)
  for (const [name, output] of expected) {
    recordEqual(run, `our shell: session: ${name}`, output, sortLists(normalise(found.outputs.get(name) ?? 'nothing')))
  }
  recordEqual(run, 'our shell: session: watch events', expectedEvents, normalise(found.events.join('\n')))
}

async function compareOneShots(run: SuiteRun, apache: string[], ours: string[] | null): Promise<void> {
  const all = readLines('one-shot.txt')
  const commands = run.quick ? all.slice(0, QUICK_ONE_SHOT_COUNT) : all
  const expected: string[] = []
  for (const command of commands) {
    const output = await oneShot(apache, command, run.folder)
    expected.push(output)
    run.record({
      name: uniqueOneShotName(commands, expected.length - 1),
      status: 'passed',
      detail: '',
      observed: output
    })
  }
  if (ours === null) return
  await oneShot(apache, 'deleteall|/oneshot', run.folder)
  for (const [index, command] of commands.entries()) {
    const output = await oneShot(ours, command, run.folder)
    recordEqual(run, `our shell: ${uniqueOneShotName(commands, index)}`, expected[index] ?? '', output)
  }
}

/** Names a command that was given before by the count of its occurrences as well. */
function uniqueOneShotName(commands: readonly string[], index: number): string {
  const command = commands[index] ?? ''
  const count = commands.slice(0, index + 1).filter((other) => other === command).length
  return count === 1 ? `one-shot: ${command}` : `one-shot: ${command} (${count})`
}

function recordEqual(run: SuiteRun, name: string, expected: string, found: string): void {
  const isEqual = expected === found
  const detail = isEqual ? '' : `Apache's shell:\n${expected}\nours:\n${found}`
  run.record({ name, status: isEqual ? 'passed' : 'failed', detail, observed: null })
}

function readLines(name: string): string[] {
  const lines = readFileSync(join(SOURCES, name), 'utf8').split('\n')
  return lines.filter((line) => line !== '' && !line.startsWith('#'))
}

/** Runs a shell for one command and returns exit code, standard output and standard error, normalised. */
function oneShot(shell: readonly string[], command: string, cwd: string): Promise<string> {
  const [program = '', ...args] = [...shell, ...command.split('|')]
  const options = { cwd, timeout: ONE_SHOT_TIMEOUT_MS, env: { ...process.env, TZ: 'UTC' } }
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error?.killed) reject(new Error(`"${command}" was not done after ${ONE_SHOT_TIMEOUT_MS} ms`))
      else resolve(describeRun(child.exitCode, stdout, stderr))
    })
  })
}

/**
 * Puts a run into one text, without the event of the connection: Apache's shell prints it from a thread of its own, between other lines, or not at
 * all if the command needs no server and the shell ends before.
 */
function describeRun(exitCode: number | null, stdout: string, stderr: string): string {
  const output = takeEvents(stdout.split('\n'), [])
  return sortLists(normalise([`exit ${exitCode}`, ...output, '--- stderr', stderr].join('\n')))
}
