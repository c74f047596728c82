/** Where clients are listened for when a server line gives only their port. */
export const CLIENT_HOST_DEFAULT = '0.0.0.0'

/**
 * A host as Java prints it: names and IPv4 addresses as they were given, IPv6 addresses with all their eight groups in
 * lower case without leading zeros, and IPv4 addresses that were mapped into IPv6 as IPv4. Without brackets.
 */
export function hostText(host: string): string {
  const [address = '', zone] = host.split('%')
  const groups = ipv6Groups(address)
  if (groups === null) return host
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) return ipv4Text(groups)
  const text = groups.map((group) => group.toString(16)).join(':')
  return zone === undefined ? text : `${text}%${zone}`
}

function ipv4Text(groups: readonly number[]): string {
  const [high = 0, low = 0] = groups.slice(6)
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.')
}

/** The eight groups of an IPv6 address, or null for anything else. */
function ipv6Groups(address: string): number[] | null {
  if (!address.includes(':')) return null
  const [head = '', tail, ...more] = address.split('::')
  if (more.length > 0) return null
  const before = groupsOf(head)
  const after = tail === undefined ? [] : groupsOf(tail)
  if (before === null || after === null) return null
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return null
  return [...before, ...new Array<number>(missing).fill(0), ...after]
}

function groupsOf(text: string): number[] | null {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const quad = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(part)
    if (quad !== null && index === parts.length - 1) {
      const [a = 0, b = 0, c = 0, d = 0] = quad.slice(1).map(Number)
      if (Math.max(a, b, c, d) > 255) return null
      groups.push((a << 8) | b, (c << 8) | d)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return null
  }
  return groups
}
