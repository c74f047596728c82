import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type ChildOptions, lastLines, startChild } from './child.ts'
import { CASE_STATUSES, type CaseResult, type CaseStatus, type ClientRun, type ServerUnderTest } from './suite.ts'

/**
 * Runs the program of a suite and records what it says. The program prints one JSON object a line on standard output:
 *
 * | line                                                    | meaning                                                             |
 * |---------------------------------------------------------|---------------------------------------------------------------------|
 * | `{"case": …, "status": …, "detail": …, "observed": …}`  | one case done; the last two may be missing                          |
 * | `{"ask": "kill" or "start" or "restart" or "stop"}`     | do that to the server; a line `done` on standard input answers      |
 * | `{"ask": "kill N" or "start N"}`                         | the same with the Nth server of the connect string                  |
 * | `{"end": N}`                                            | all N cases have been printed                                       |
 *
 * In its environment, `INTEROP_HARNESS` is 1, and `INTEROP_SERVERS` says how the servers are arranged.
 * Anything else it prints goes to the log. A program that dies, hangs, or ends without saying so has failed, whatever its cases said.
 */
export async function runCaseProgram(
  run: ClientRun,
  command: Pick<ChildOptions, 'command' | 'args' | 'cwd' | 'env'>,
  timeoutMs: number
): Promise<void> {
  const logFile = join(run.folder, 'program.log')
  const env = { ...command.env, INTEROP_HARNESS: '1', INTEROP_SERVERS: run.server.arrangement }
  const child = startChild({ ...command, env, logFile, streams: 'piped' })
  const { stdin, stdout } = child.process
  if (stdin === null || stdout === null) throw new Error('the program has no pipes')
  stdin.on('error', () => undefined) // it may have ended without reading the answer

  let caseCount = 0
  let announced: number | null = null
  let complaint: string | null = null
  const timer = setTimeout(() => {
    complaint = `not done after ${timeoutMs} ms`
    child.killGroup()
  }, timeoutMs)
  for await (const text of createInterface({ input: stdout })) {
    const line = parseLine(text)
    switch (line.kind) {
      case 'case':
        caseCount++
        run.record(line.result)
        break
      case 'ask':
        try {
          await obey(run.server, line.what)
          stdin.write('done\n')
        } catch (error) {
          complaint = error instanceof Error ? error.message : String(error)
          child.killGroup()
        }
        break
      case 'end':
        announced = line.count
        break
      case 'text':
        appendFileSync(logFile, `${text}\n`)
        break
    }
  }
  const end = await child.ended
  clearTimeout(timer)
  child.killGroup() // what it started and did not end

  if (complaint === null && end.code !== 0) complaint = `ended with ${end.signal ?? `exit code ${end.code}`}`
  if (complaint === null && announced !== caseCount) complaint = `announced ${announced} cases, printed ${caseCount}`
  if (complaint === null && !run.server.isRunning) complaint = 'the server was not running at the end'
  if (complaint === null) return
  const detail = `${complaint}\n${lastLines(logFile, 8)}`
  run.record({ name: 'the program runs to its end', status: 'failed', detail, observed: null })
}

type Line =
  | { readonly kind: 'case'; readonly result: CaseResult }
  | { readonly kind: 'ask'; readonly what: string }
  | { readonly kind: 'end'; readonly count: number }
  | { readonly kind: 'text' }

function parseLine(text: string): Line {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { kind: 'text' }
  }
  if (typeof value !== 'object' || value === null) return { kind: 'text' }
  const fields = new Map<string, unknown>(Object.entries(value))
  const name = fields.get('case')
  const status = fields.get('status')
  if (typeof name === 'string' && isCaseStatus(status)) {
    const detail = fields.get('detail')
    const observed = fields.get('observed')
    const result = {
      name,
      status,
      detail: typeof detail === 'string' ? detail : '',
      observed: typeof observed === 'string' ? observed : null
    }
    return { kind: 'case', result }
  }
  const ask = fields.get('ask')
  if (typeof ask === 'string') return { kind: 'ask', what: ask }
  const end = fields.get('end')
  if (typeof end === 'number') return { kind: 'end', count: end }
  return { kind: 'text' }
}

function isCaseStatus(value: unknown): value is CaseStatus {
  return CASE_STATUSES.some((status) => status === value)
}

async function obey(server: ServerUnderTest, what: string): Promise<void> {
  const [verb, number] = what.split(' ')
  const place = number === undefined ? undefined : Number(number)
  switch (verb) {
    case 'kill':
      return server.kill(place)
    case 'stop':
      return server.stop()
    case 'start':
      return server.start(place)
    case 'restart':
      await server.kill()
      return server.start()
    default:
      throw new Error(`the program asked for "${what}", which nobody knows`)
  }
}
