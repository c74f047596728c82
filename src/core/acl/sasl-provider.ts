import type { AuthenticationProvider } from './authentication-provider.ts'

/**
 * Scheme `sasl`: the authorization id of a SASL exchange. The exchange itself (request type 102) is not an auth packet;
 * whoever completes it adds the identity to the connection.
 *
 * @param letAnySaslUserDoX `zookeeper.letAnySaslUserDoX`: an ACL id that stands for everyone with a sasl identity
 * @see `SASLAuthenticationProvider`
 */
export function createSaslProvider(letAnySaslUserDoX: string | null): AuthenticationProvider {
  return {
    scheme: 'sasl',
    isAuthenticated: true,
    handleAuthentication: () => null,
    matches: (id, aclId) => id === 'super' || id === aclId || aclId === letAnySaslUserDoX,
    isValid: isKerberosName,
    userName: (id) => id
  }
}

/** `service[/host]@realm`, or any text without an `@`. @see `KerberosName` */
function isKerberosName(id: string): boolean {
  return !id.includes('@') || /^[^/@]*(\/[^/@]*)?@[^/@]*$/.test(id)
}
