import type { PrefixLimitSettings } from '../../core/pipeline/prefix-limit.ts'
import { pathProblem } from '../../protocol/path.ts'

const NAME = /^[A-Za-z0-9_-]{1,64}$/
const RATE = /^(requests|writes)=([0-9]{1,9}(?:\.[0-9]{1,3})?)\/s$/

/**
 * Reads the value of `prefixLimit.NAME`: a path, then `requests=N/s`, `writes=N/s` or both, with blanks or commas between.
 *
 * @returns the limit, or what is wrong
 */
export function parsePrefixLimit(name: string, value: string): PrefixLimitSettings | string {
  if (!NAME.test(name)) return `the name "${name}" must be letters, digits, - and _, 64 of them at most`
  const [path = '', ...rates] = value.split(/[\s,]+/).filter((word) => word !== '')
  const problem = pathProblem(path)
  if (problem !== null) return `"${path}" is no path: ${problem}`
  let requestsPerSecond: number | null = null
  let writesPerSecond: number | null = null
  for (const text of rates) {
    const [, kind, number] = RATE.exec(text) ?? []
    const rate = Number(number)
    if (kind === undefined || rate === 0) return `"${text}" must be requests=N/s or writes=N/s, N above 0`
    if (kind === 'requests') requestsPerSecond = rate
    else writesPerSecond = rate
  }
  if (rates.length === 0) return `"${value}" has no rate: requests=N/s, writes=N/s or both`
  return { name, path, requestsPerSecond, writesPerSecond }
}
