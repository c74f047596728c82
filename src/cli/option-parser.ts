import { parseError } from './cli-error.ts'

/** One option of a command. */
export interface Option {
  /** Without the hyphen; one letter, or a word. */
  readonly name: string
  readonly hasValue: boolean
  readonly description: string
}

/** Options of a command, and which of them exclude one another. */
export interface OptionSet {
  readonly options: readonly Option[]
  /** Whether only one of the options may be given. */
  readonly areExclusive?: boolean
  /** Whether one of the options must be given. */
  readonly isRequired?: boolean
}

/** A command line, taken apart. */
export interface ParsedLine {
  /** What is not an option, the command's name first. */
  readonly args: readonly string[]
  has(option: string): boolean
  /** Value of the option where it was first given, or undefined. */
  value(option: string): string | undefined
}

/**
 * Takes a command line apart by the rules that upstream's shell has from its option library: options may stand anywhere,
 * letters may be joined (`-sw`, `-v5`), a value may follow a letter after `=`, `--` ends the options, and a word that begins
 * with a hyphen and is no option is an error, unless it is taken as a value.
 *
 * @param words the command's name first
 * @throws CliError
 */
export function parseOptions(words: readonly string[], set: OptionSet): ParsedLine {
  return new LineParser(set).parse(words)
}

class LineParser {
  readonly #set: OptionSet
  readonly #args: string[] = []
  readonly #values = new Map<string, string[]>()
  /** An option that still waits for its value. */
  #current: Option | null = null
  #selected: string | null = null

  constructor(set: OptionSet) {
    this.#set = set
  }

  parse(words: readonly string[]): ParsedLine {
    let areOptionsOver = false
    for (const word of words) {
      if (areOptionsOver) this.#args.push(word)
      else if (word === '--') areOptionsOver = true
      else this.#take(word)
    }
    this.#checkValue()
    if (this.#set.isRequired === true && this.#selected === null) throw this.#missingOption()
    const values = this.#values
    return {
      args: this.#args,
      has: (option) => values.has(option),
      value: (option) => values.get(option)?.[0]
    }
  }

  #take(word: string): void {
    if (this.#current !== null && (!this.#looksLikeOption(word) || isNegativeNumber(word))) {
      this.#addValue(this.#current, withoutQuotes(word))
    } else if (word.startsWith('-') && word !== '-') {
      this.#takeOption(word)
    } else {
      this.#args.push(word)
    }
  }

  #takeOption(word: string): void {
    const body = word.replace(/^--?/, '')
    const equals = body.indexOf('=')
    const option = this.#find(equals < 0 ? body : body.slice(0, equals))
    if (word.startsWith('--')) throw unrecognized(word) // there are no long options
    if (equals < 0) {
      if (option !== undefined) this.#select(option)
      else if (body.length === 1) throw unrecognized(word)
      else this.#takeJoined(word)
    } else if (equals === 1 && option?.hasValue === true) {
      this.#select(option)
      this.#addValue(option, body.slice(2))
    } else {
      throw unrecognized(word)
    }
  }

  /** `-sw` as `-s -w`, `-v5` as `-v 5`. */
  #takeJoined(word: string): void {
    for (let index = 1; index < word.length; index++) {
      const option = this.#find(word.charAt(index))
      if (option === undefined) throw unrecognized(word)
      this.#select(option)
      if (option.hasValue && index + 1 < word.length) {
        this.#addValue(option, word.slice(index + 1))
        return
      }
    }
  }

  #select(option: Option): void {
    this.#checkValue()
    if (this.#set.areExclusive === true && this.#selected !== null && this.#selected !== option.name) {
      throw parseError(
        'AlreadySelected',
        `The option '${option.name}' was specified but an option from this group has already been selected: ` +
          `'${this.#selected}'`
      )
    }
    this.#selected = option.name
    if (!this.#values.has(option.name)) this.#values.set(option.name, [])
    this.#current = option.hasValue ? option : null
  }

  #addValue(option: Option, value: string): void {
    this.#values.get(option.name)?.push(value)
    this.#current = null
  }

  #checkValue(): void {
    if (this.#current !== null)
      throw parseError('MissingArgument', `Missing argument for option: ${this.#current.name}`)
  }

  #missingOption(): Error {
    const names = this.#set.options.map(({ name, description }) => `-${name} ${description}`)
    return parseError('MissingOption', `Missing required option: [${names.join(', ')}]`)
  }

  #looksLikeOption(word: string): boolean {
    if (!word.startsWith('-') || word.length === 1) return false
    const equals = word.indexOf('=')
    const name = equals < 0 ? word.slice(1) : word.slice(1, equals)
    return this.#find(name) !== undefined || this.#find(name.charAt(0)) !== undefined
  }

  #find(name: string): Option | undefined {
    return this.#set.options.find((option) => option.name === name)
  }
}

function unrecognized(word: string): Error {
  return parseError('UnrecognizedOption', `Unrecognized option: ${word}`)
}

/** As Java's Double.parseDouble sees it. */
function isNegativeNumber(word: string): boolean {
  return /^[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?)$/.test(word.trim())
}

function withoutQuotes(word: string): string {
  const isQuoted = word.length > 1 && word.startsWith('"') && word.endsWith('"')
  return isQuoted && !word.slice(1, -1).includes('"') ? word.slice(1, -1) : word
}
