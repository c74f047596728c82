import type { AuthenticationProvider } from './authentication-provider.ts'
import { addressBytes } from './ip-address.ts'

/**
 * Scheme `ip`: the client's address, matched by `address` or `address/bits`. It says where a client is, not who, so it
 * does not count for `auth`.
 * @see `IPAuthenticationProvider`
 */
export function createIpProvider(): AuthenticationProvider {
  return {
    scheme: 'ip',
    isAuthenticated: false,
    handleAuthentication: (_auth, context) => [{ scheme: 'ip', id: context.remoteAddress }],
    matches(id, aclId) {
      const range = parseRange(aclId)
      const address = addressBytes(id)
      return range !== null && address !== null && isInRange(address, range)
    },
    isValid: (aclId) => parseRange(aclId) !== null,
    userName: (id) => id
  }
}

interface AddressRange {
  readonly address: Uint8Array
  /** Leading bits that must agree. */
  readonly bits: number
}

function parseRange(text: string): AddressRange | null {
  const slash = text.indexOf('/')
  const address = addressBytes(slash < 0 ? text : text.slice(0, slash))
  if (address === null) return null
  const bitsMax = address.length * 8
  if (slash < 0) return { address, bits: bitsMax }
  const bitsText = text.slice(slash + 1)
  const bits = /^[+-]?\d+$/.test(bitsText) ? Number(bitsText) : -1
  return bits >= 0 && bits <= bitsMax ? { address, bits } : null
}

function isInRange(address: Uint8Array, range: AddressRange): boolean {
  if (address.length !== range.address.length) return false
  for (let index = 0; index < address.length; index++) {
    const bits = Math.min(8, Math.max(0, range.bits - 8 * index))
    const mask = 0xff & ~(0xff >> bits)
    if (((Number(address[index]) ^ Number(range.address[index])) & mask) !== 0) return false
  }
  return true
}
