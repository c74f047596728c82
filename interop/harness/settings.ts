import type { ServerSettings } from './server.ts'

/**
 * Short ticks, so that sessions of one second are possible and expire soon; containers and TTL znodes looked for every half second; the super
 * user `super:admin`; quotas that refuse.
 */
export const BRISK: ServerSettings = {
  config: {
    tickTime: '500',
    maxClientCnxns: '1000',
    extendedTypesEnabled: 'true',
    enforceQuota: 'true',
    'DigestAuthenticationProvider.superDigest': 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs='
  },
  properties: { 'znode.container.checkIntervalMs': '500' }
}
