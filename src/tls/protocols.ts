import type { SecureVersion } from 'node:tls'
import type { TlsEndpointSettings } from './endpoint-settings.ts'
import { TlsConfigError } from './tls-config-error.ts'

/** Versions that are spoken, oldest first. */
export interface ProtocolRange {
  readonly minVersion: SecureVersion
  readonly maxVersion: SecureVersion
}

/**
 * The versions that are spoken: `enabledProtocols`, else `protocol`, else TLS 1.2 and 1.3.
 *
 * TLS 1.0 and 1.1 are passed over where they stand in a list, as by Java of today, which has them disabled.
 *
 * @param property for messages: `ssl`
 * @throws TlsConfigError if nothing newer is enabled
 */
export function protocolsOf(
  { protocol, enabledProtocols }: Pick<TlsEndpointSettings, 'protocol' | 'enabledProtocols'>,
  property: string
): ProtocolRange {
  // compat: `protocol` names Java's context; a server of 3.9 speaks that version alone.
  const names = enabledProtocols ?? (protocol === null || protocol === 'TLS' ? ['TLSv1.2', 'TLSv1.3'] : [protocol])
  const has12 = names.includes('TLSv1.2')
  const has13 = names.includes('TLSv1.3')
  if (!has12 && !has13) {
    const key = enabledProtocols === null ? 'protocol' : 'enabledProtocols'
    throw new TlsConfigError(`${property}.${key}: ${names.join(',')} is not spoken any more; allowed: TLSv1.2, TLSv1.3`)
  }
  return { minVersion: has12 ? 'TLSv1.2' : 'TLSv1.3', maxVersion: has13 ? 'TLSv1.3' : 'TLSv1.2' }
}
