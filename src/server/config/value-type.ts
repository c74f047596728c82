/** How the text of a setting is read and checked. A type is a value, so that the table of keys can hold it. */
export interface ValueType<T> {
  /** What is allowed, to follow "must be": `a whole number from 0 to 65535`. */
  readonly allowed: string
  /**
   * @param text trimmed
   * @param note takes a remark for the operator where the value is accepted but changed
   */
  parse(text: string, note: (remark: string) => void): T | typeof INVALID
}

export const INVALID: unique symbol = Symbol('invalid')

export interface IntegerRange {
  readonly min?: number
  readonly max?: number
  /** Smaller values are raised to this, with a remark, as upstream does for some keys. */
  readonly raiseTo?: number
}

const INT32_MIN = -2147483648
const INT32_MAX = 2147483647

/** A whole number in decimal, as Java's `Integer.parseInt`. */
export function decimalInteger(range: IntegerRange = {}): ValueType<number> {
  return integerType(range, INT32_MAX, /^[+-]?\d+$/)
}

/** A whole number as Java's `Integer.getInteger` reads system properties: also 0x1F, #1F and octal 017. */
export function javaInteger(range: IntegerRange = {}): ValueType<number> {
  return integerType(range, INT32_MAX, /^[+-]?(0[xX][0-9a-fA-F]+|#[0-9a-fA-F]+|\d+)$/)
}

/** As `javaInteger`, for what Java holds in a `long`; up to 2^53 - 1. */
export function javaLong(range: IntegerRange = {}): ValueType<number> {
  return integerType(range, Number.MAX_SAFE_INTEGER, /^[+-]?(0[xX][0-9a-fA-F]+|#[0-9a-fA-F]+|\d+)$/)
}

function integerType(range: IntegerRange, largest: number, form: RegExp): ValueType<number> {
  const min = range.min ?? (largest === INT32_MAX ? INT32_MIN : -largest)
  const max = range.max ?? largest
  return {
    allowed: integerAllowed(range.min, range.max),
    parse(text, note) {
      if (!form.test(text)) return INVALID
      const value = decodeInteger(text, form)
      if (!(value >= min && value <= max)) return INVALID
      if (range.raiseTo === undefined || value >= range.raiseTo) return value
      note(`${value} is too small, ${range.raiseTo} is used`)
      return range.raiseTo
    }
  }
}

function integerAllowed(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return max === undefined ? 'a whole number' : `a whole number up to ${max}`
  return max === undefined ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`
}

function decodeInteger(text: string, form: RegExp): number {
  const digits = text.replace(/^[+-]/, '')
  const sign = text.startsWith('-') ? -1 : 1
  if (/^0[xX]/.test(digits)) return sign * Number.parseInt(digits.slice(2), 16)
  if (digits.startsWith('#')) return sign * Number.parseInt(digits.slice(1), 16)
  // compat: getInteger reads a leading zero as octal, parseInt (the decimal form) does not.
  const isOctal = form.source.includes('#') && /^0\d/.test(digits)
  if (isOctal) return /^0[0-7]+$/.test(digits) ? sign * Number.parseInt(digits, 8) : Number.NaN
  return sign * Number(digits)
}

/** A decimal number. */
export function decimal(min?: number): ValueType<number> {
  return {
    allowed: min === undefined ? 'a number' : `a number of at least ${min}`,
    parse(text) {
      if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return INVALID
      const value = Number(text)
      return Number.isFinite(value) && (min === undefined || value >= min) ? value : INVALID
    }
  }
}

/** `true` or `false` in any case. Upstream takes any other text of a system property for false; here it is an error. */
export const trueOrFalse: ValueType<boolean> = {
  allowed: 'true or false',
  parse(text) {
    const lower = text.toLowerCase()
    return lower === 'true' ? true : lower === 'false' ? false : INVALID
  }
}

/** `yes` or `no`. `true` is refused: upstream would silently take it for the default. */
export const yesOrNo: ValueType<boolean> = {
  allowed: 'yes or no',
  parse(text) {
    const lower = text.toLowerCase()
    return lower === 'yes' ? true : lower === 'no' ? false : INVALID
  }
}

/** One of some words; `words` maps what may be written (in any case) to what it means. */
export function oneOf<const T>(words: Readonly<Record<string, T>>): ValueType<T> {
  const names = Object.keys(words)
  const byLowerCase = new Map(Object.entries(words).map(([word, meaning]) => [word.toLowerCase(), meaning]))
  return {
    allowed: `one of ${names.map((name) => (name === '' ? '(empty)' : name)).join(', ')}`,
    parse(text) {
      const lower = text.toLowerCase()
      const meaning = byLowerCase.get(lower)
      return meaning === undefined && !byLowerCase.has(lower) ? INVALID : (meaning as T) // has() says that it is a T
    }
  }
}

/** Any text but the empty one. */
export const text: ValueType<string> = {
  allowed: 'a non-empty text',
  parse: (value) => (value === '' ? INVALID : value)
}

/** Any text; the empty one counts as not given. */
export const optionalText: ValueType<string | null> = {
  allowed: 'a text',
  parse: (value) => (value === '' ? null : value)
}

/** Texts with commas between; blanks around and empty ones are dropped. */
export const list: ValueType<readonly string[]> = {
  allowed: 'a list with commas between',
  parse: (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
}

/** As `of`, with numbers below `limit` (upstream: off) read as null. */
export function offBelow(limit: number, of: ValueType<number>): ValueType<number | null> {
  return {
    allowed: `${of.allowed} (below ${limit}: off)`,
    parse(value, note) {
      const number = of.parse(value, note)
      return number !== INVALID && number < limit ? null : number
    }
  }
}

/** As `of`, with numbers below 0 read as 0, where upstream treats both alike. */
export function zeroIfNegative(of: ValueType<number>): ValueType<number> {
  return {
    allowed: of.allowed,
    parse(value, note) {
      const number = of.parse(value, note)
      return number === INVALID ? INVALID : Math.max(0, number)
    }
  }
}

const INTERVAL_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A time with a unit: ms, s, m, h or d; without one it counts in `defaultUnitMs`. Gives ms. */
export function interval(defaultUnitMs: number): ValueType<number> {
  return {
    allowed: 'a whole number of at least 0, with one of the units ms, s, m, h, d or none for hours',
    parse(value) {
      const match = /^(\d+)\s*(ms|s|m|h|d)?$/.exec(value)
      if (match === null) return INVALID
      const amountMs = Number(match[1]) * (INTERVAL_UNITS_MS[match[2] ?? ''] ?? defaultUnitMs)
      return Number.isSafeInteger(amountMs) ? amountMs : INVALID
    }
  }
}

/** A size in bytes: a whole number, or one with KB, MB or GB. */
export const sizeInBytes: ValueType<number> = {
  allowed: 'a size such as 1048576, 512KB, 256MB or 1GB',
  parse(value) {
    const match = /^(\d+)\s*([KMG]?B?)$/i.exec(value)
    if (match === null) return INVALID
    const power = { K: 1, M: 2, G: 3 }[(match[2] ?? '').slice(0, 1).toUpperCase()] ?? 0
    const bytes = Number(match[1]) * 1024 ** power
    return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : INVALID
  }
}
