import { readFileSync, statSync } from 'node:fs'
import { KerberosError } from '../kerberos/kerberos-error.ts'
import { type KeytabEntry, parseKeytab } from '../kerberos/keytab.ts'

/** The key table of a service, which is read again when its file has changed: new keys count at once. */
export class KeytabFile {
  readonly #path: string
  readonly #principal: string
  #entries: readonly KeytabEntry[]
  #changedMs: number

  /**
   * @param principal whose keys are meant; `*` for all
   * @throws KerberosError, one line, if the file cannot be read or has no key of the principal
   */
  constructor(path: string, principal: string) {
    this.#path = path
    this.#principal = principal
    this.#changedMs = changedMs(path)
    this.#entries = this.#read()
  }

  get entries(): readonly KeytabEntry[] {
    try {
      const changed = changedMs(this.#path)
      if (changed !== this.#changedMs) {
        this.#changedMs = changed
        this.#entries = this.#read()
      }
    } catch (error) {
      // While it is replaced it may be gone, or half there: the keys from before are as good as ever.
      if (!(error instanceof KerberosError)) throw error
    }
    return this.#entries
  }

  #read(): readonly KeytabEntry[] {
    let bytes: Buffer
    try {
      bytes = readFileSync(this.#path)
    } catch (cause) {
      throw unreadable(this.#path, cause)
    }
    let entries: KeytabEntry[]
    try {
      entries = parseKeytab(bytes)
    } catch (error) {
      if (!(error instanceof KerberosError)) throw error
      throw new KerberosError(`key table ${this.#path}: ${error.message}`)
    }
    const own = entries.filter(({ principal }) => this.#principal === '*' || principal === this.#principal)
    if (own.length === 0) throw new KerberosError(`key table ${this.#path}: it has no key of ${this.#principal}`)
    return own
  }
}

function changedMs(path: string): number {
  try {
    return statSync(path).mtimeMs
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): KerberosError {
  const isTyped = typeof cause === 'object' && cause !== null && 'code' in cause
  return new KerberosError(`key table ${path}: cannot be read (${isTyped ? String(cause.code) : String(cause)})`)
}
