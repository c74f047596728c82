import type { Duplex, Readable } from 'node:stream'
import type {
  AdminTarget,
  EnsembleView,
  HandOverResult,
  SnapshotInfo,
  TakenSnapshot,
  Trouble
} from '../admin/http/admin-target.ts'
import type { AclChecker } from '../core/acl/acl-checker.ts'
import type { Identity } from '../core/acl/authentication-provider.ts'
import type { SlowRequests, SlowRequestsView } from '../core/pipeline/slow-requests.ts'
import type { SessionTable } from '../core/session/session-table.ts'
import type { ChildCursor } from '../core/tree/child-cursor.ts'
import { type DataTree, NO_NODE } from '../core/tree/data-tree.ts'
import { toBigInt } from '../protocol/int64.ts'
import { Perm } from '../protocol/op-code.ts'
import { versionFolder } from '../storage/file-names.ts'
import { type CertificateFacts, certificateFacts } from '../tls/certificate.ts'
import { newestSnapshot, writeAdminSnapshot } from './admin-snapshots.ts'
import type { ClientListener } from './client-listener.ts'
import { monotonicNowMs } from './event-loop.ts'
import type { LogMeter } from './log-meter.ts'
import type { Machine } from './machine.ts'
import type { LiveServerView } from './server-view.ts'

/** What an admin target is made of. */
export interface AdminTargetParts {
  readonly view: LiveServerView
  readonly initialConfiguration: string | null
  readonly tree: DataTree
  readonly sessions: SessionTable
  readonly acl: AclChecker
  /** What of a client's certificate is its id. */
  readonly certificateId: (certificate: CertificateFacts) => string
  readonly machine: Machine
  readonly listener: ClientListener
  readonly logMeter: LogMeter
  readonly isDiskFull: () => boolean
  readonly isStopping: () => boolean
  /** Begins a snapshot of our own at the end of the next step. */
  readonly askForSnapshot: () => void
  readonly restore: (bytes: Readable) => Promise<bigint>
  readonly slow: SlowRequests | null
  readonly handOver: (heir: number | null) => Promise<HandOverResult>
}

/** A log that has not confirmed a write for so long is no longer just slow. */
const LOG_STALLED_MS = 5000

const EVERY_PERM = [Perm.read, Perm.write, Perm.create, Perm.delete, Perm.admin] as const

/** The running server as the HTTP admin server drives it, on the main thread, between steps. */
export class LiveAdminTarget implements AdminTarget {
  readonly view: LiveServerView
  readonly initialConfiguration: string | null
  readonly #parts: AdminTargetParts

  constructor(parts: AdminTargetParts) {
    this.#parts = parts
    this.view = parts.view
    this.initialConfiguration = parts.initialConfiguration
  }

  ensemble(): EnsembleView | null {
    return this.#parts.machine.ensemble()
  }

  troubles(): readonly Trouble[] {
    const { isStopping, isDiskFull, logMeter } = this.#parts
    const troubles: Trouble[] = []
    if (isStopping()) troubles.push({ kind: 'stopping', text: 'the server is being stopped' })
    troubles.push(...this.#roleTroubles())
    const oldestMs = logMeter.oldestHandedMs
    const waitedMs = oldestMs === null ? 0 : monotonicNowMs() - oldestMs
    if (isDiskFull()) {
      troubles.push({ kind: 'diskFull', text: 'the disk of the transaction log is full, writes wait for room' })
    } else if (waitedMs > LOG_STALLED_MS) {
      const seconds = Math.round(waitedMs / 1000)
      troubles.push({ kind: 'logStalled', text: `the log has not confirmed the oldest write for ${seconds} s` })
    }
    return troubles
  }

  lastSnapshot(): Promise<SnapshotInfo | null> {
    return newestSnapshot(this.#snapshotFolder)
  }

  takeSnapshot(): Promise<TakenSnapshot> {
    const { tree, sessions, askForSnapshot } = this.#parts
    // compat: upstream's command leaves a snapshot in the data directory.
    askForSnapshot()
    return writeAdminSnapshot(this.#snapshotFolder, tree, sessions)
  }

  restore(bytes: Readable): Promise<bigint> {
    return this.#parts.restore(bytes)
  }

  slowRequests(): SlowRequestsView | null {
    return this.#parts.slow?.view ?? null
  }

  handOver(heir: number | null): Promise<HandOverResult> {
    return this.#parts.handOver(heir)
  }

  openClient(address: string): Duplex | null {
    const { isStopping, listener } = this.#parts
    return isStopping() ? null : listener.openLocal(address)
  }

  childCount(path: string): number {
    const { tree } = this.#parts
    const node = tree.find(path)
    return node === NO_NODE ? 0 : tree.childCount(node)
  }

  openChildren(path: string, czxid: bigint, aversion: number): ChildCursor | null {
    const { tree } = this.#parts
    const node = tree.find(path)
    if (node === NO_NODE || tree.aversion(node) !== aversion) return null
    return toBigInt(tree.czxidHi(node), tree.czxidLo(node)) === czxid ? tree.openChildren(node) : null
  }

  shedConnections(percentage: number): number {
    let count = 0
    for (const socket of [...this.#parts.listener.sockets.values()]) {
      if (Math.random() * 100 >= percentage) continue
      socket.closeWhenSent()
      count++
    }
    return count
  }

  authenticate(
    scheme: string,
    auth: Uint8Array | null,
    remoteAddress: string,
    certificate: Buffer | null
  ): readonly Identity[] | null {
    // The address is known without a packet; the provider of clients has nothing to add to it.
    if (scheme === 'ip') return [{ scheme, id: remoteAddress }]
    const { acl, certificateId } = this.#parts
    const answer = acl.authenticate(scheme, auth, {
      remoteAddress,
      certificateId: certificate === null ? null : certificateId(certificateFacts(certificate))
    })
    return answer === 'elsewhere' ? null : answer
  }

  isAllowedEverything(identities: readonly Identity[]): boolean {
    const { tree, acl } = this.#parts
    const rootAcl = tree.acl(tree.find('/'))
    return EVERY_PERM.every((perm) => acl.isAllowed(rootAcl, perm, identities))
  }

  get #snapshotFolder(): string {
    return versionFolder(this.view.settings.storage.dataDir)
  }

  #roleTroubles(): Trouble[] {
    const { machine } = this.#parts
    const quorum = machine.quorum()
    if (quorum === null) return []
    if (machine.mode === 'read-only') {
      return [{ kind: 'readOnly', text: 'there is no quorum: only read-only clients are served' }]
    }
    if (machine.isServing) return []
    return quorum.peerState === 'looking' || quorum.peerState.startsWith('looking')
      ? [{ kind: 'looking', text: 'this server looks for a leader: there is no quorum, or not yet' }]
      : [{ kind: 'synchronizing', text: `this server is ${quorum.peerState}: it has a role and serves nobody yet` }]
  }
}
