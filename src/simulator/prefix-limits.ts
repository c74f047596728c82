import type { PrefixLimitSettings } from '../core/pipeline/prefix-limit.ts'

/** One within another, so that both count; the same on all servers, since those of whoever leads hold. */
export const PREFIX_LIMITS: readonly PrefixLimitSettings[] = [
  { name: 'a', path: '/a', requestsPerSecond: 10, writesPerSecond: 5, znodesMax: 6, bytesMax: null },
  { name: 'b', path: '/b', requestsPerSecond: null, writesPerSecond: null, znodesMax: 8, bytesMax: 150 },
  { name: 'b-y', path: '/b/y', requestsPerSecond: null, writesPerSecond: 10, znodesMax: 2, bytesMax: null }
]
