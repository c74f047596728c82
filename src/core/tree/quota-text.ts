import type { QuotaLimits, QuotaTotals } from './quota-use.ts'

/**
 * The text in the nodes of a quota: `count=N,bytes=B`, and with other keys (the hard limits) `=;key=N;key=N` after it.
 * Numbers that are missing or no numbers count as -1, "unlimited".
 * @see `StatsTrack`
 */
export type QuotaNumbers = Map<string, number>

export function parseQuota(text: string): QuotaNumbers {
  const numbers: QuotaNumbers = new Map()
  for (const pair of text.split(/[,;]+/)) {
    const [key, value] = pair.split('=')
    if (key !== undefined && key !== '' && value !== undefined) numbers.set(key, parseLong(value))
  }
  return numbers
}

function parseLong(text: string): number {
  return /^[+-]?\d+$/.test(text) ? Number(text) : -1
}

export function totalsOf(numbers: QuotaNumbers): QuotaTotals {
  return { count: numbers.get('count') ?? -1, bytes: numbers.get('bytes') ?? -1 }
}

export function limitsOf(numbers: QuotaNumbers): QuotaLimits {
  return {
    ...totalsOf(numbers),
    countHardLimit: numbers.get('countHardLimit') ?? -1,
    byteHardLimit: numbers.get('byteHardLimit') ?? -1
  }
}

export function formatQuota(numbers: QuotaNumbers): string {
  const { count, bytes } = totalsOf(numbers)
  const others = [...numbers.keys()].filter((key) => key !== 'count' && key !== 'bytes').sort()
  const base = `count=${count},bytes=${bytes}`
  return others.length === 0 ? base : `${base}=${others.map((key) => `;${key}=${numbers.get(key)}`).join('')}`
}
