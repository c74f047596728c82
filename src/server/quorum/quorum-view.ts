import type { EnsembleView } from '../../admin/http/admin-target.ts'
import type { LeaderView, QuorumView } from '../../admin/server-view.ts'
import type { RoleView } from '../../core/ensemble/ensemble-outbox.ts'
import type { EnsemblePeer } from '../../core/ensemble/ensemble-peer.ts'
import type { LeadingRole } from '../../core/ensemble/leading-role.ts'
import type { LearnerView } from '../../core/zab/leading/learner.ts'
import { formatConfigText } from '../../core/zab/membership/config-text.ts'
import type { EnsembleMember } from '../../core/zab/membership/ensemble-config.ts'
import { hostText } from '../../core/zab/membership/host-text.ts'
import { memberOf, roleOf } from '../../core/zab/membership/member-of.ts'
import type { LinkId } from '../../core/zab/peer-link.ts'
import { verifierOf } from '../../core/zab/quorum/verifier-of.ts'
import { ServerState } from '../../core/zab/vote.ts'
import { toBigInt } from '../../protocol/int64.ts'
import { monotonicNowMs } from '../event-loop.ts'

type Observer = Pick<LearnerView, 'link' | 'sid' | 'address' | 'unsentBytes'>

const STATE_NAMES = {
  [ServerState.looking]: 'looking',
  [ServerState.following]: 'following',
  [ServerState.leading]: 'leading',
  [ServerState.observing]: 'observing'
} as const satisfies Record<ServerState, string>

/** What administration is shown of a member's place in its ensemble. */
export function quorumView(peer: EnsemblePeer, role: RoleView): QuorumView {
  const { config, settings } = peer.member
  const own = memberOf(config, settings.sid)?.addresses[0]
  const leading = role.state === ServerState.leading ? peer.leading : null
  return {
    electionPort: own?.electionPort ?? -1,
    quorumPort: own?.quorumPort ?? -1,
    role: roleOf(config, settings.sid) ?? 'participant',
    membership: formatConfigText(config),
    peerState: peerStateOf(role, peer),
    // compat: as upstream's, whose read-only server is none of the quorum.
    quorumSize: role.isReadOnly ? null : verifierOf(config).voters.size,
    leader: leading === null ? null : leaderView(leading),
    syncedObservers: leading === null ? (peer.following?.observers?.observerCount ?? null) : syncedCount(leading, true),
    observerMasterId: role.state === ServerState.observing ? (peer.following?.masterSid ?? null) : null
  }
}

/**
 * The same for the HTTP commands. Null while no client is served in a role, as upstream's commands know the server only
 * then.
 *
 * @param openedMs wall clock when a link was opened
 */
export function ensembleView(
  peer: EnsemblePeer,
  role: RoleView,
  openedMs: (link: LinkId) => number
): EnsembleView | null {
  const { config, settings } = peer.member
  if (!role.isServing || role.isReadOnly) return null
  const isLeader = role.state === ServerState.leading
  const { voters } = verifierOf(config)
  return {
    myid: settings.sid,
    isLeader,
    leaderId: role.leader ?? -1,
    leaderHost: hostsOf(memberOf(config, role.leader ?? -1)),
    own: memberOf(config, settings.sid),
    voters: config.members.filter(({ id }) => voters.has(id)),
    zabState: peer.stage ?? 'election',
    observers: observersOf(peer, isLeader).map(({ link, sid, address, unsentBytes }) => ({
      sid,
      address: `/${address}`,
      establishedMs: openedMs(link),
      lastZxid: lastCommitted(peer),
      unsentBytes
    }))
  }
}

function observersOf(peer: EnsemblePeer, isLeader: boolean): readonly Observer[] {
  if (!isLeader) return peer.following?.observers?.observers ?? []
  return peer.leading?.leading.learners.filter(({ isObserver, isSynced }) => isObserver && isSynced) ?? []
}

function lastCommitted(peer: EnsemblePeer): bigint {
  const { tree } = peer.member
  return toBigInt(tree.lastZxidHi, tree.lastZxidLo)
}

function hostsOf(member: EnsembleMember | undefined): string {
  return member?.addresses.map(({ host }) => hostText(host)).join('|') ?? ''
}

/** As upstream's `zk_peer_state`, such as `following - synchronization - diff`. @see QuorumPeer.getDetailedPeerState */
function peerStateOf({ state }: RoleView, { stage, following }: EnsemblePeer): string {
  const mode = following?.following.syncMode ?? null
  const parts: string[] = [STATE_NAMES[state]]
  if (stage !== null) parts.push(stage)
  if (mode !== null) parts.push(mode)
  return parts.join(' - ')
}

function leaderView(role: LeadingRole): LeaderView {
  const { leading, member, proposalSize, sinceMs, pendingSyncs } = role
  const voters = verifierOf(member.config).voters
  const followers = leading.learners.filter(({ isObserver, isSynced }) => !isObserver && isSynced)
  return {
    proposalSize,
    uptimeMs: Math.round(monotonicNowMs() - sinceMs),
    learners: leading.learners.length,
    syncedFollowers: followers.filter(({ sid }) => voters.has(sid)).length,
    syncedNonVotingFollowers: followers.filter(({ sid }) => !voters.has(sid)).length,
    pendingSyncs
  }
}

function syncedCount({ leading }: LeadingRole, isObserver: boolean): number {
  return leading.learners.filter((learner) => learner.isObserver === isObserver && learner.isSynced).length
}
