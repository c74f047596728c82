import { join } from 'node:path'
import type { Ensemble } from '../harness/ensemble.ts'
import { Authority } from './stores.ts'

/**
 * Gives each member of an ensemble that is planned TLS between servers, with the kind of stores that is usual for it.
 *
 * @param names alternative names of their certificate; those of the loopback address if not given
 */
export function putInsideTls(ensemble: Ensemble, folder: string, names?: string): void {
  const authority = new Authority(join(folder, 'authority'))
  authority.makeTrustStores()
  authority.issue('all', names === undefined ? {} : { names })
  for (const member of ensemble.members) {
    const kind = member.kind === 'apache' ? 'JKS' : 'PEM'
    member.configure({ ...authority.settings('all', kind), sslQuorum: 'true' })
  }
}
