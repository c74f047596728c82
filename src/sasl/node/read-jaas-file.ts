import { readFileSync } from 'node:fs'
import { type JaasConfig, parseJaasConfig } from '../jaas/jaas-config.ts'
import { JaasError } from '../jaas/jaas-error.ts'

/**
 * Reads the JAAS file of `java.security.auth.login.config`.
 *
 * @param path       a path, or a `file:` URL as Java takes them; a leading `=`, with which Java is told to read no other
 *                   file, means nothing here
 * @param properties what `${name}` in it may stand for
 * @throws JaasError in one line that names the file
 */
export function readJaasFile(path: string, properties: ReadonlyMap<string, string> = new Map()): JaasConfig {
  const file = jaasPath(path)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const isTyped = typeof cause === 'object' && cause !== null && 'code' in cause
    const why = isTyped ? String(cause.code) : String(cause)
    throw new JaasError(`JAAS file ${file}: cannot be read (${why})`)
  }
  try {
    return parseJaasConfig(text, properties)
  } catch (error) {
    if (!(error instanceof JaasError)) throw error
    throw new JaasError(`JAAS file ${file}, ${error.message}`)
  }
}

function jaasPath(path: string): string {
  return path.replace(/^=/, '').replace(/^file:(\/\/)?/, '')
}
