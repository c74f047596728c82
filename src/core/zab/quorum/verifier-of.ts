import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import { HierarchicalQuorum } from './hierarchical.ts'
import { MajorityQuorum } from './majority.ts'
import { type LoneVoter, OracleQuorum } from './oracle.ts'
import type { QuorumVerifier } from './quorum-verifier.ts'

/**
 * The quorums of a configuration: hierarchical if it has groups, otherwise majorities of its participants.
 *
 * @param lone who may be a quorum by itself where there are two voters without groups; null: nobody
 */
export function verifierOf(config: EnsembleConfig, lone: LoneVoter | null = null): QuorumVerifier {
  const voters = config.members.filter(({ role }) => role === 'participant').map(({ id }) => id)
  if (config.groups.length > 0) return new HierarchicalQuorum(voters, config.groups, config.weights)
  return lone === null ? new MajorityQuorum(voters) : new OracleQuorum(voters, lone)
}

/**
 * Those whose quorums are needed: of the configuration in force, and of the one last seen while that is a later one,
 * which is to say while a reconfiguration is pending.
 */
export function verifiersOf(
  config: EnsembleConfig,
  lastSeen: EnsembleConfig | null,
  lone: LoneVoter | null = null
): readonly QuorumVerifier[] {
  const current = verifierOf(config, lone)
  return lastSeen !== null && lastSeen.version > config.version ? [current, verifierOf(lastSeen, lone)] : [current]
}

/** Whether `sids` hold a quorum of every verifier. */
export function isQuorumOfAll(verifiers: readonly QuorumVerifier[], sids: ReadonlySet<number>): boolean {
  return verifiers.every((verifier) => verifier.isQuorum(sids))
}
