import type { SaslExchange, SaslOption } from '../client/sasl-login.ts'
import { JaasError } from '../sasl/jaas/jaas-error.ts'
import { type ClientLogin, clientLogin, type KerberosLogin } from '../sasl/jaas/login-section.ts'
import { KerberosError } from '../sasl/kerberos/kerberos-error.ts'
import { openKerberosClient } from '../sasl/node/kerberos-client.ts'
import { readJaasFile } from '../sasl/node/read-jaas-file.ts'
import { CliError } from './cli-error.ts'

/** Settings of a client by their Java names. */
type ClientSettings = ReadonlyMap<string, string>

const DEFAULT_SECTION = 'Client'
const DEFAULT_SERVICE = 'zookeeper'
const MECHANISMS = ['DIGEST-MD5', 'SCRAM-SHA-256'] as const

/**
 * The SASL login that the settings of upstream's client ask for: the section `Client` (or `zookeeper.sasl.clientconfig`) of
 * the JAAS file `java.security.auth.login.config`, unless `zookeeper.sasl.client` is false.
 *
 * The mechanism is GSSAPI for a section with Krb5LoginModule; else DIGEST-MD5, as upstream's, or the option `mechanism` of the section,
 * or `zookeeper.sasl.mechanism`.
 *
 * @param warn is told why there is no ticket, which no server can tell
 * @returns undefined where no login is asked for
 * @throws CliError, one line, for a file that makes no sense
 */
export function saslLogin(
  settings: ClientSettings,
  warn: (line: string) => void = (line) => process.stderr.write(`zkCli: ${line}\n`)
): SaslOption | undefined {
  const file = settings.get('java.security.auth.login.config')?.trim()
  if (file === undefined || file === '') return undefined
  if (settings.get('zookeeper.sasl.client')?.trim().toLowerCase() === 'false') return undefined
  const section = settings.get('zookeeper.sasl.clientconfig')?.trim()
  const login = readLogin(file, section ?? DEFAULT_SECTION, settings)
  if (login === null) {
    // compat: a file may be for other programs, but who names a section wants it.
    if (section === undefined) return undefined
    throw new CliError(`JAAS file ${file} has no section ${section}`, 2)
  }
  if (login.kind === 'kerberos') return kerberosLogin(login.kerberos, file, settings, warn)
  const { username, password } = login
  return { username, password, mechanism: mechanismOf(login, settings) }
}

/** compat: the server's principal is `zookeeper.server.principal`, or `zookeeper.sasl.client.username` (zookeeper) and the host. */
function kerberosLogin(
  login: KerberosLogin,
  file: string,
  settings: ClientSettings,
  warn: (line: string) => void
): SaslOption {
  const given = settings.get('zookeeper.server.principal')?.trim().split('@')[0] ?? ''
  const [service = '', serviceHost] =
    given === '' ? [settings.get('zookeeper.sasl.client.username')?.trim()] : given.split('/')
  try {
    const client = openKerberosClient(login, settings)
    return ({ host }) => telling(client(service === '' ? DEFAULT_SERVICE : service, serviceHost ?? host), warn)
  } catch (error) {
    if (!(error instanceof KerberosError)) throw error
    throw new CliError(`JAAS file ${file}, line ${login.line}: ${error.message}`, 2)
  }
}

function telling(exchange: SaslExchange, warn: (line: string) => void): SaslExchange {
  const initialResponse = async (): Promise<Uint8Array> => {
    try {
      return await exchange.initialResponse()
    } catch (error) {
      if (error instanceof Error) warn(error.message)
      throw error
    }
  }
  return { mechanism: exchange.mechanism, initialResponse, evaluate: (challenge) => exchange.evaluate(challenge) }
}

function readLogin(file: string, section: string, settings: ClientSettings): ClientLogin | null {
  try {
    return clientLogin(readJaasFile(file, settings), section)
  } catch (error) {
    if (!(error instanceof JaasError)) throw error
    throw new CliError(error.message.startsWith('JAAS file') ? error.message : `JAAS file ${file}, ${error.message}`, 2)
  }
}

function mechanismOf(
  login: Extract<ClientLogin, { readonly kind: 'password' }>,
  settings: ClientSettings
): (typeof MECHANISMS)[number] {
  const named = (settings.get('zookeeper.sasl.mechanism') ?? login.mechanism ?? MECHANISMS[0]).trim().toUpperCase()
  const mechanism = MECHANISMS.find((known) => known === named)
  if (mechanism === undefined) throw new CliError(`there is no mechanism ${named}, but ${MECHANISMS.join(', ')}`, 2)
  if (mechanism === 'DIGEST-MD5' && settings.get('zookeeper.fips-mode')?.trim().toLowerCase() === 'true') {
    throw new CliError(
      'zookeeper.fips-mode=true: DIGEST-MD5 cannot be used; SCRAM-SHA-256 can, with servers of zoonode',
      2
    )
  }
  return mechanism
}
