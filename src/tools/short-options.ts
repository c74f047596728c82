import { parseArgs } from 'node:util'
import { ToolError } from './tool-error.ts'

/** An option of an upstream tool: `-l LEFT`, `--left LEFT`. */
export interface ToolOption {
  readonly name: string
  readonly letter: string
  /** Name of its value in the help; null for an option without one. */
  readonly value: string | null
  readonly description: string
}

export interface ParsedOptions {
  has(name: string): boolean
  value(name: string): string | undefined
  readonly rest: readonly string[]
}

/** @throws ToolError with the message that upstream's library has, and this exit code */
export function parseShortOptions(
  args: readonly string[],
  options: readonly ToolOption[],
  exitCode: number
): ParsedOptions {
  const known = Object.fromEntries(
    options.map(({ name, letter, value }) => [
      name,
      { type: value === null ? ('boolean' as const) : ('string' as const), short: letter }
    ])
  )
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true })
    const given = new Map(Object.entries(values))
    return {
      has: (name) => given.has(name),
      value: (name) => {
        const value = given.get(name)
        return typeof value === 'string' ? value : undefined
      },
      rest: positionals
    }
  } catch (error) {
    throw new ToolError(javaMessage(error), exitCode, { cause: error })
  }
}

function javaMessage(error: unknown): string {
  const { message } = error as Error // parseArgs throws nothing else
  const [, unknown] = /^Unknown option '([^']*)'/.exec(message) ?? []
  if (unknown !== undefined) return `Unrecognized option: ${unknown}`
  const [, missing] = /^Option '-(\w), [^']*' argument missing/.exec(message) ?? []
  return missing === undefined ? message : `Missing argument for option: ${missing}`
}

/** The usage and a line for each option, as upstream's library prints them. */
export function helpText(usage: string, options: readonly ToolOption[]): string {
  const rows = [...options]
    .sort((one, other) => (one.letter < other.letter ? -1 : 1))
    .map(({ name, letter, value, description }) => ({
      left: ` -${letter},--${name}${value === null ? '' : ` <${value}>`}`,
      description
    }))
  const width = Math.max(...rows.map(({ left }) => left.length))
  return [`usage: ${usage}`, ...rows.map(({ left, description }) => `${left.padEnd(width)}   ${description}`), ''].join(
    '\n'
  )
}
