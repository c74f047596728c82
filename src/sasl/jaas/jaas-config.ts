import { JaasError } from './jaas-error.ts'
import { type JaasToken, type JaasTokens, jaasTokens } from './jaas-tokens.ts'

/** One login module of a section, with its options. */
export interface JaasModule {
  /** Java class, such as `org.apache.zookeeper.server.auth.DigestLoginModule`. */
  readonly className: string
  readonly flag: JaasFlag
  readonly options: ReadonlyMap<string, string>
  /** Where it stands in the file. */
  readonly line: number
}

/** Sections by name. */
export type JaasConfig = ReadonlyMap<string, readonly JaasModule[]>

export type JaasFlag = 'required' | 'requisite' | 'sufficient' | 'optional'

const FLAGS: readonly JaasFlag[] = ['required', 'requisite', 'sufficient', 'optional']

/**
 * Reads a JAAS login configuration as Java's `ConfigFile` does:
 *
 *     Server {
 *       org.apache.zookeeper.server.auth.DigestLoginModule required user_bob="secret";
 *     };
 *
 * `${name}` in a value is the property of that name, and `${/}` a slash.
 *
 * @throws JaasError
 */
export function parseJaasConfig(text: string, properties: ReadonlyMap<string, string> = new Map()): JaasConfig {
  const reader = new Reader(jaasTokens(text))
  const sections = new Map<string, readonly JaasModule[]>()
  while (!reader.isAtEnd) {
    const { text: name, line } = reader.name('the name of a section')
    reader.sign('{')
    const modules: JaasModule[] = []
    while (!reader.isSign('}')) modules.push(readModule(reader, properties))
    reader.sign('}')
    reader.sign(';')
    if (modules.length === 0) throw new JaasError(`the section ${name} has no login module`, line)
    if (sections.has(name)) throw new JaasError(`the section ${name} is there twice`, line)
    sections.set(name, modules)
  }
  return sections
}

function readModule(reader: Reader, properties: ReadonlyMap<string, string>): JaasModule {
  const { text: className, line } = reader.name('the class of a login module')
  const flagToken = reader.name('required, requisite, sufficient or optional')
  const flag = FLAGS.find((known) => known === flagToken.text.toLowerCase())
  if (flag === undefined) {
    throw new JaasError(`"${flagToken.text}" must be required, requisite, sufficient or optional`, flagToken.line)
  }
  const options = new Map<string, string>()
  while (!reader.isSign(';')) {
    const key = reader.name('the name of an option')
    reader.sign('=', `the option ${key.text} has no value`)
    const value = reader.name(`the value of ${key.text}`)
    options.set(key.text, expand(value, properties))
  }
  reader.sign(';')
  return { className, flag, options, line }
}

function expand({ text, line }: JaasToken, properties: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = name === '/' ? '/' : properties.get(name)
    if (value === undefined) throw new JaasError(`there is no property ${name}`, line)
    return value
  })
}

class Reader {
  readonly #tokens: readonly JaasToken[]
  readonly #lastLine: number
  #at = 0

  constructor({ tokens, lastLine }: JaasTokens) {
    this.#tokens = tokens
    this.#lastLine = lastLine
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length
  }

  isSign(sign: string): boolean {
    const token = this.#tokens[this.#at]
    return token?.kind === 'sign' && token.text === sign
  }

  /** Takes a word or a quoted text. */
  name(what: string): JaasToken {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw new JaasError(`the file ends where ${what} must be`, this.#lastLine)
    if (token.kind === 'sign') throw new JaasError(`"${token.text}" stands where ${what} must be`, token.line)
    this.#at++
    return token
  }

  sign(sign: string, problem = `"${sign}" is missing`): void {
    if (!this.isSign(sign)) throw new JaasError(problem, this.#lineBefore())
    this.#at++
  }

  /** What is missing is missing on the line of what stands before it. */
  #lineBefore(): number {
    return this.#tokens[this.#at - 1]?.line ?? this.#lastLine
  }
}
