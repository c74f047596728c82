/** Values as Java prints them, because programs parse upstream's answers. */

/** `Double.toString`: `0.0`, `4.8441`, `1.2345678E7`, `1.0E-4`. */
export function javaDouble(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size >= 1e7 || size < 1e-3)) {
    const [mantissa = '', exponent = ''] = value.toExponential().split('e')
    return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`
  }
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

/** Average with at most four decimals, rounded half up; 0 without values. */
export function average(sum: number, count: number): number {
  return count === 0 ? 0 : Number((sum / count).toFixed(4))
}

/** `Long.toHexString`: two's complement, without leading zeros. */
export function javaHex(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16)
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Date.toString`, in local time: `Mon Nov 23 00:03:09 UTC 2026`. Zones without a short English name appear as `GMT+1`. */
export function javaDate(timeMs: number): string {
  const date = new Date(timeMs)
  const pad = (value: number): string => String(value).padStart(2, '0')
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
  return `${DAYS[date.getDay()]} ${MONTHS[date.getMonth()]} ${pad(date.getDate())} ${time} ${zoneOf(date)} ${date.getFullYear()}`
}

/** perf: the first use of a formatter takes 40 ms and more, in which no client is served; most servers are on UTC. */
function zoneOf(date: Date): string {
  if (date.toString().endsWith('(Coordinated Universal Time)')) return 'UTC'
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC'
}

/**
 * `InetSocketAddress.toString` of an address without a name: `/127.0.0.1:2181`, `/[0:0:0:0:0:0:0:1]:2181`. An IPv4 address
 * mapped into IPv6 appears as IPv4.
 */
export function javaSocketAddress(address: string, port: number): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return `/${mapped}:${port}`
  return address.includes(':') ? `/[${expandIpv6(address)}]:${port}` : `/${address}:${port}`
}

/** All eight groups without leading zeros; a zone (`%eth0`) stays. */
function expandIpv6(address: string): string {
  const [groups = '', zone] = address.split('%')
  const [head = '', tail] = groups.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = tail === undefined ? 0 : 8 - before.length - after.length
  const all = [...before, ...Array.from({ length: missing }, () => '0'), ...after]
  const text = all.map((group) => group.toLowerCase().replace(/^0+(?=.)/, '')).join(':')
  return zone === undefined ? text : `${text}%${zone}`
}
