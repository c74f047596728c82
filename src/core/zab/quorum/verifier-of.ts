import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import { HierarchicalQuorum } from './hierarchical.ts'
import { MajorityQuorum } from './majority.ts'
import type { QuorumVerifier } from './quorum-verifier.ts'

/** The quorums of a configuration: hierarchical if it has groups, otherwise majorities of its participants. */
export function verifierOf(config: EnsembleConfig): QuorumVerifier {
  const voters = config.members.filter(({ role }) => role === 'participant').map(({ id }) => id)
  return config.groups.length > 0
    ? new HierarchicalQuorum(voters, config.groups, config.weights)
    : new MajorityQuorum(voters)
}

/**
 * Those whose quorums are needed: of the configuration in force, and of the one last seen while that is a later one,
 * which is to say while a reconfiguration is pending.
 */
export function verifiersOf(config: EnsembleConfig, lastSeen: EnsembleConfig | null): readonly QuorumVerifier[] {
  const current = verifierOf(config)
  return lastSeen !== null && lastSeen.version > config.version ? [current, verifierOf(lastSeen)] : [current]
}

/** Whether `sids` hold a quorum of every verifier. */
export function isQuorumOfAll(verifiers: readonly QuorumVerifier[], sids: ReadonlySet<number>): boolean {
  return verifiers.every((verifier) => verifier.isQuorum(sids))
}
