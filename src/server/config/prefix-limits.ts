import type { PrefixLimitSettings } from '../../core/pipeline/prefix-limit.ts'
import { pathProblem } from '../../protocol/path.ts'

const NAME = /^[A-Za-z0-9_-]{1,64}$/
const RATE = /^(requests|writes)=([0-9]{1,9}(?:\.[0-9]{1,3})?)\/s$/
const TOTAL = /^(znodes|bytes)=([0-9]{1,15})([KMG]?)$/
const UNIT: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }
const KINDS = 'requests=N/s, writes=N/s, znodes=N, bytes=N'

/**
 * Reads the value of `prefixLimit.NAME`: a path, then one or more of `requests=N/s`, `writes=N/s`, `znodes=N` and `bytes=N`, with blanks or
 * commas between. Numbers of znodes and bytes may end in K, M or G (1024).
 *
 * @returns the limit, or what is wrong
 */
export function parsePrefixLimit(name: string, value: string): PrefixLimitSettings | string {
  if (!NAME.test(name)) return `the name "${name}" must be letters, digits, - and _, 64 of them at most`
  const [path = '', ...limits] = value.split(/[\s,]+/).filter((word) => word !== '')
  const problem = pathProblem(path)
  if (problem !== null) return `"${path}" is no path: ${problem}`
  if (limits.length === 0) return `"${value}" has no limit: one or more of ${KINDS}`
  const numbers = { requests: null, writes: null, znodes: null, bytes: null } as Record<Kind, number | null>
  for (const text of limits) {
    const limit = parseLimit(text)
    if (limit === null) return `"${text}" must be one of ${KINDS}, N above 0`
    numbers[limit.kind] = limit.number
  }
  const { requests, writes, znodes, bytes } = numbers
  if (isWholeTree(path) && (znodes !== null || bytes !== null)) return `znodes and bytes of ${path} cannot be limited`
  return { name, path, requestsPerSecond: requests, writesPerSecond: writes, znodesMax: znodes, bytesMax: bytes }
}

type Kind = 'requests' | 'writes' | 'znodes' | 'bytes'

function parseLimit(text: string): { readonly kind: Kind; readonly number: number } | null {
  const [, rateKind, rate] = RATE.exec(text) ?? []
  const [, totalKind, total, unit = ''] = TOTAL.exec(text) ?? []
  const kind = rateKind ?? totalKind
  const number = rateKind === undefined ? Number(total) * (UNIT[unit] ?? 1) : Number(rate)
  // The patterns have no other names; a number that is none compares to nothing.
  return kind !== undefined && number > 0 ? { kind: kind as Kind, number } : null
}

/** What the server itself needs is in there. */
function isWholeTree(path: string): boolean {
  return path === '/' || path === '/zookeeper' || path.startsWith('/zookeeper/')
}
