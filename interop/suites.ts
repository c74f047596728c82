import { javaSuite } from './harness/java-suite.ts'
import type { ServerSettings } from './harness/server.ts'
import type { Suite } from './harness/suite.ts'

/**
 * Short ticks, so that sessions of one second are possible and expire soon; containers and TTL znodes looked for every half second; the super
 * user `super:admin`; quotas that refuse.
 */
const BRISK: ServerSettings = {
  config: {
    tickTime: '500',
    maxClientCnxns: '1000',
    extendedTypesEnabled: 'true',
    enforceQuota: 'true',
    'DigestAuthenticationProvider.superDigest': 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs='
  },
  properties: { 'znode.container.checkIntervalMs': '500' }
}

/** All suites, in the order in which they run. */
export const SUITES: readonly Suite[] = [
  javaSuite({ name: 'founding', project: 'java', mainClass: 'interop.Founding', isQuick: true, timeoutMs: 60_000 }),
  javaSuite({
    name: 'java',
    project: 'java',
    mainClass: 'interop.JavaClient',
    isQuick: true,
    timeoutMs: 600_000,
    settings: BRISK
  })
]
