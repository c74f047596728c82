import type { AdminTarget } from '../../../src/admin/http/admin-target.ts'
import { type FakeServer, fakeServer } from '../fake-server.ts'

/** A target over plain values: what is not given is that of an empty standalone server. */
export function fakeTarget(fake: FakeServer = {}, more: Partial<AdminTarget> = {}): AdminTarget {
  return {
    view: fakeServer(fake),
    initialConfiguration: null,
    ensemble: () => null,
    troubles: () => [],
    lastSnapshot: () => Promise.resolve(null),
    takeSnapshot: () => Promise.reject(new Error('no snapshot was expected')),
    restore: () => Promise.reject(new Error('no restore was expected')),
    slowRequests: () => null,
    handOver: () => Promise.reject(new Error('no hand-over was expected')),
    openClient: () => null,
    childCount: () => 0,
    openChildren: () => null,
    shedConnections: () => 0,
    authenticate: (scheme, auth) => (scheme === 'digest' && auth !== null ? [{ scheme, id: String(auth) }] : null),
    isAllowedEverything: () => true,
    ...more
  }
}
