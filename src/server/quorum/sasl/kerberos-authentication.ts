import type { ServerExchange, ServerStep } from '../../../sasl/exchange.ts'
import { JaasError } from '../../../sasl/jaas/jaas-error.ts'
import type { KerberosLogin } from '../../../sasl/jaas/login-section.ts'
import { KerberosError } from '../../../sasl/kerberos/kerberos-error.ts'
import { type KerberosClient, openKerberosClient } from '../../../sasl/node/kerberos-client.ts'
import type { PatientClientExchange } from '../../../sasl/node/patient-client-exchange.ts'
import { gssapiAcceptor } from '../../sasl/gssapi.ts'

const HOST_PATTERN = '_HOST'

/**
 * How this server logs in to others by Kerberos.
 *
 * @param servicePrincipal `quorum.auth.kerberos.servicePrincipal`: the others', of which `_HOST` as the second part is each one's host
 * @throws JaasError, one line
 */
export function kerberosLearner(
  login: KerberosLogin,
  servicePrincipal: string,
  properties: ReadonlyMap<string, string>
): (host: string) => PatientClientExchange {
  const [name = ''] = servicePrincipal.split('@')
  const [service = '', serviceHost = '', ...others] = name.split('/')
  if (service === '' || serviceHost === '' || others.length > 0) {
    throw new JaasError(
      `quorum.auth.kerberos.servicePrincipal=${servicePrincipal} must be SERVICE/HOST, or SERVICE/_HOST`
    )
  }
  let client: KerberosClient
  try {
    client = openKerberosClient(login, properties)
  } catch (error) {
    if (error instanceof KerberosError) throw new JaasError(error.message, login.line)
    throw error
  }
  return (host) => client(service, serviceHost === HOST_PATTERN ? host.toLowerCase() : serviceHost)
}

/**
 * How others log in to this server by Kerberos: each member has a principal of three parts, `service/host@REALM`, and its host must be
 * that of a member: else whoever has a ticket of the realm would be one.
 *
 * @param memberHosts as they are configured now
 * @throws JaasError, one line
 */
export function kerberosServer(
  login: KerberosLogin,
  realm: string,
  memberHosts: () => readonly string[]
): () => ServerExchange {
  const accept = gssapiAcceptor(login, realm)
  return () => {
    const exchange = accept()
    return {
      mechanism: exchange.mechanism,
      evaluate: (token) => ofMember(exchange.evaluate(token), memberHosts())
    }
  }
}

/** What comes of an exchange where members only are wanted. */
export function ofMember(step: ServerStep, hosts: readonly string[]): ServerStep {
  if (step.kind !== 'complete') return step
  const [, host, ...rest] = step.authenticationId.split(/[/@]/)
  if (rest.length === 1 && host !== undefined && hosts.includes(host)) return step
  return {
    kind: 'failed',
    reason: `${step.authenticationId} is not of the form SERVICE/HOST@REALM with the host of a member`
  }
}
