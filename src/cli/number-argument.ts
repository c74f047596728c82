import { CliError } from './cli-error.ts'

const INT_MIN = -(2n ** 31n)
const INT_MAX = 2n ** 31n - 1n
const LONG_MIN = -(2n ** 63n)
const LONG_MAX = 2n ** 63n - 1n

/** A whole number of 32 bits, or null if the text is none. */
export function parseInt32(text: string): number | null {
  const value = parseWhole(text)
  return value === null || value < INT_MIN || value > INT_MAX ? null : Number(value)
}

/** A whole number of 64 bits, or null if the text is none. */
export function parseInt64(text: string): bigint | null {
  const value = parseWhole(text)
  return value === null || value < LONG_MIN || value > LONG_MAX ? null : value
}

/**
 * A version given by `-v`; -1, for any, if it was not.
 *
 * compat: upstream's shell dies of a version that is not a number, with a stack trace and the same exit code.
 *
 * @throws CliError
 */
export function parseVersion(text: string | undefined): number {
  if (text === undefined) return -1
  const version = parseInt32(text)
  if (version === null) throw new CliError(`-v needs a whole number, not "${text}"`)
  return version
}

function parseWhole(text: string): bigint | null {
  return /^[+-]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : null
}

/** As Java's Integer.decode: decimal, `0x` or `#` for hexadecimal, a leading 0 for octal; null if the text is none of them. */
export function parseJavaInteger(text: string): number | null {
  const [, sign, hex, octal, decimal] = /^([+-]?)(?:(?:0[xX]|#)([0-9a-fA-F]+)|0([0-7]+)|([1-9]\d*|0))$/.exec(text) ?? []
  const size =
    hex !== undefined
      ? Number.parseInt(hex, 16)
      : octal !== undefined
        ? Number.parseInt(octal, 8)
        : Number.parseInt(decimal ?? 'NaN', 10)
  const value = sign === '-' ? -size : size
  return Number.isInteger(value) && value >= Number(INT_MIN) && value <= Number(INT_MAX) ? value : null
}
