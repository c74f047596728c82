import { type ParseArgsConfig, parseArgs } from 'node:util'

type Parsed<O extends ParseArgsConfig['options']> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>
>

/** A wrong command line; the message says what is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'USAGE'
}

/**
 * What a command line says, by the options that there are.
 *
 * @throws UsageError
 */
export function parseArguments<O extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: O
): Parsed<O> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    const { message } = error as Error // parseArgs throws nothing else
    throw new UsageError(message, { cause: error })
  }
}

/** @returns the number of an option; null if it is not given. @throws UsageError */
export function numberOf(name: string, text: string | undefined, min: number): number | null {
  if (text === undefined) return null
  if (/^\d{1,9}$/.test(text) && Number(text) >= min) return Number(text)
  throw new UsageError(`--${name} must be a whole number of at least ${min}, not ${text}`)
}

/** @returns the time of an option, ms since 1970; null if it is not given. @throws UsageError */
export function timeOf(name: string, text: string | undefined): number | null {
  if (text === undefined) return null
  const timeMs = /^\d{10,16}$/.test(text) ? Number(text) : Date.parse(text)
  if (!Number.isNaN(timeMs)) return timeMs
  throw new UsageError(`--${name} must be a time such as 2026-11-23T13:05:00Z, not ${text}`)
}
