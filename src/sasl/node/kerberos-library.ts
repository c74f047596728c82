import { createRequire } from 'node:module'
import { KerberosError } from '../kerberos/kerberos-error.ts'

/** What is used of the npm package `kerberos`, which is a thin layer over the system's GSS-API. Texts are base64. */
export interface KerberosLibrary {
  initializeClient(
    /** `service@host` */
    service: string,
    options: { readonly principal?: string; readonly gssFlag: number; readonly mechOID: number }
  ): Promise<KerberosContext>
}

/** The client's side of one security context. */
export interface KerberosContext {
  /** Null or empty where there is nothing to say. */
  step(challenge: string): Promise<string | null>
  unwrap(challenge: string): Promise<string | null>
  wrap(text: string, options: { readonly protect: boolean }): Promise<string | null>
  readonly contextComplete: boolean
  /** Whom the context is of, once it is complete. */
  readonly username: string
}

const PACKAGE = 'kerberos'
const requireFrom = createRequire(import.meta.url)

/**
 * Loads the package, which is installed by those who need it only: it is compiled code.
 *
 * @throws KerberosError, one line
 */
export function loadKerberosLibrary(load: (name: string) => unknown = requireFrom): KerberosLibrary {
  let library: unknown
  try {
    library = load(PACKAGE)
  } catch (error) {
    const isMissing = error instanceof Error && Reflect.get(error, 'code') === 'MODULE_NOT_FOUND'
    const why = isMissing ? 'it is not installed' : `it cannot be loaded: ${firstLine(error)}`
    throw new KerberosError(`a login by Kerberos needs the npm package ${PACKAGE} (npm install ${PACKAGE}): ${why}`)
  }
  if (!isLibrary(library)) throw new KerberosError(`the npm package ${PACKAGE} that is installed is of another version`)
  return library
}

function isLibrary(value: unknown): value is KerberosLibrary {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'initializeClient') === 'function'
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0] ?? ''
}
