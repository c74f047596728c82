import { CliError } from './cli-error.ts'
import { parseInt64 } from './number-argument.ts'

/** Limits of a subtree, or what it holds; -1 for a value that is not set. */
export type QuotaValues = Map<string, bigint>

/** Names of the values, as they stand in the quota nodes. */
export const QUOTA_KEYS = {
  count: 'count',
  bytes: 'bytes',
  countHardLimit: 'countHardLimit',
  byteHardLimit: 'byteHardLimit'
} as const

export function quotaValue(values: QuotaValues, key: string): bigint {
  return values.get(key) ?? -1n
}

/**
 * Parses the data of a quota node, such as `count=3,bytes=100=;byteHardLimit=12;countHardLimit=3`.
 *
 * @throws CliError if it is not of that form
 */
export function parseQuota(data: Uint8Array | null): QuotaValues {
  const values: QuotaValues = new Map()
  for (const pair of Buffer.from(data ?? new Uint8Array())
    .toString('utf8')
    .split(/[,;]+/)) {
    if (pair === '') continue
    const [key = '', text = ''] = pair.split('=')
    const value = text === '' ? -1n : parseInt64(text)
    if (value === null) throw new CliError(`a quota node holds "${pair}", which is no quota`)
    values.set(key, value)
  }
  return values
}

/** Count and bytes come first, and a hard limit is hidden behind an `=` from parsers that do not know it. */
export function formatQuota(values: QuotaValues): string {
  const soft = `count=${quotaValue(values, QUOTA_KEYS.count)},bytes=${quotaValue(values, QUOTA_KEYS.bytes)}`
  const others = [...values.keys()].filter((key) => key !== QUOTA_KEYS.count && key !== QUOTA_KEYS.bytes).sort()
  return others.length === 0 ? soft : `${soft}=${others.map((key) => `;${key}=${values.get(key)}`).join('')}`
}
