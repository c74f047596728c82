/** Numeric addresses, as upstream's `ip` scheme reads and Java's InetAddress prints them. */

/**
 * Bytes of an address, 4 or 16; null for anything else: host names, zones, and IPv6 with a dotted end (`::ffff:1.2.3.4`)
 * as well. compat: numbers may have a sign, as Java's parseInt takes them.
 */
export function addressBytes(text: string): Uint8Array | null {
  if (text.includes(':')) return ipv6Bytes(text)
  return text.includes('.') ? ipv4Bytes(text) : null
}

function ipv4Bytes(text: string): Uint8Array | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  const bytes = new Uint8Array(4)
  for (const [index, part] of parts.entries()) {
    const value = /^[+-]?\d+$/.test(part) ? Number(part) : -1
    if (value < 0 || value > 255) return null
    bytes[index] = value
  }
  return bytes
}

const IPV6_GROUPS = 8

function ipv6Bytes(text: string): Uint8Array | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [before, after] = halves.map((half) => (half === '' && halves.length === 2 ? [] : half.split(':')))
  const head = before ?? []
  const tail = after ?? []
  const count = head.length + tail.length
  // `::` stands for at least one group
  if (halves.length === 1 ? count !== IPV6_GROUPS : count >= IPV6_GROUPS) return null
  const bytes = new Uint8Array(2 * IPV6_GROUPS)
  if (!putGroups(bytes, 0, head) || !putGroups(bytes, IPV6_GROUPS - tail.length, tail)) return null
  return bytes
}

function putGroups(bytes: Uint8Array, firstIndex: number, groups: readonly string[]): boolean {
  for (const [index, group] of groups.entries()) {
    if (group.length > 4 || !/^[+-]?[0-9a-fA-F]+$/.test(group)) return false
    const value = Number.parseInt(group, 16)
    bytes[2 * (firstIndex + index)] = value >> 8
    bytes[2 * (firstIndex + index) + 1] = value
  }
  return true
}

/**
 * A socket's remote address as Java prints it, which is what ACLs and whoAmI show: IPv6 as eight groups without `::`
 * and without zone, IPv4 mapped into IPv6 as IPv4. Other text is returned as it is.
 */
export function clientAddressText(socketAddress: string): string {
  const withoutZone = socketAddress.split('%', 1)[0] ?? ''
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(withoutZone)
  if (mapped?.[1] !== undefined) return mapped[1]
  const bytes = withoutZone.includes(':') ? ipv6Bytes(withoutZone) : null
  if (bytes === null) return withoutZone
  const view = new DataView(bytes.buffer)
  return Array.from({ length: IPV6_GROUPS }, (_, group) => view.getUint16(2 * group).toString(16)).join(':')
}
