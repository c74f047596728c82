import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compile } from './compiler/compile.ts'
import { JuteCompileError } from './compiler/compile-error.ts'

const USAGE = `Usage: jute-ts compile FILE... --out DIR [options]

Writes a TypeScript file for each module in the .jute files and in those they include.

Options:
  --out DIR                   folder of the files written; made if it is not there
  --long bigint|pair          a long as one bigint (default), or as two int32 named xxxHi and xxxLo
  --import-extension .ts|.js  ending of imports between the files (default .js)
  --runtime MODULE            where the files import the runtime from (default jute-ts)
  --help                      print this
`

/** Where the command line prints. */
export interface CliOutput {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

class UsageError extends Error {}

/** Runs `jute-ts` with these arguments. Returns its exit code: 0, 1 for mistakes in files, 2 for a wrong command line. */
export function runCli(args: readonly string[], output: CliOutput): 0 | 1 | 2 {
  try {
    return run(args, output)
  } catch (error) {
    if (error instanceof UsageError) {
      output.err(`jute-ts: ${error.message}\n\n${USAGE}`)
      return 2
    }
    if (error instanceof JuteCompileError) output.err(`${error.message}\n`)
    else if (isSystemError(error)) output.err(`jute-ts: ${messageOf(error)}\n`)
    else throw error
    return 1
  }
}

function run(args: readonly string[], output: CliOutput): 0 {
  const { values, positionals } = parse(args)
  if (values.help === true) {
    output.out(USAGE)
    return 0
  }
  const [command, ...files] = positionals
  if (command !== 'compile') throw new UsageError(command === undefined ? 'no command' : `unknown command ${command}`)
  if (files.length === 0) throw new UsageError('no file to compile')
  if (values.out === undefined) throw new UsageError('--out is missing')
  const generated = compile(files, (name) => readFileSync(name, 'utf8'), {
    long: oneOf('--long', values.long, ['bigint', 'pair']),
    importExtension: oneOf('--import-extension', values['import-extension'], ['.js', '.ts']),
    runtime: values.runtime
  })
  mkdirSync(values.out, { recursive: true })
  for (const { name, text } of generated) writeFileSync(join(values.out, name), text)
  return 0
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: 'string' },
        long: { type: 'string', default: 'bigint' },
        'import-extension': { type: 'string', default: '.js' },
        runtime: { type: 'string', default: 'jute-ts' },
        help: { type: 'boolean' }
      }
    })
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

function oneOf<T extends string>(option: string, value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) throw new UsageError(`${option} is ${choices.join(' or ')}, not ${value}`)
  return choice
}

/** Tells whether a file could not be read or written. */
function isSystemError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)
}
