/**
 * What a simulation is meant to go through beside plain writes and reads. Each is counted, so that ground that no seed
 * reaches is noticed.
 */
export const COVERED = [
  // How learners are brought up, and what happens to snapshots meanwhile.
  'syncDiff',
  'syncTrunc',
  'syncSnap',
  'snapshotsTaken',
  'logPurges',
  'installsFailed',
  'installsTorn',
  'snapshotsFailed',
  // Reconfiguration.
  'reconfigs',
  'reconfigJoins',
  'reconfigLeaves',
  'reconfigRoles',
  'reconfigAddresses',
  'reconfigLists',
  'reconfigVersioned',
  'reconfigGroups',
  'reconfigsRefused',
  'reconfigsByNewLeader',
  'leadersReconfigured',
  'nonVotersServed',
  'serversJoined',
  'serversStopped',
  'serversWiped',
  'restartsWithPending',
  // Sessions and nodes.
  'containersReaped',
  'ttlReaped',
  'ephemeralsClosed',
  'sessionsMoved',
  'sessionsExpired',
  'signsPassedOn',
  'localSessions',
  'localUpgrades',
  'localRefusals',
  'readOnlyServers',
  'readOnlyReads',
  'readOnlyRefusals',
  // Kinds of ensembles.
  'groupQuorums',
  'zeroWeights',
  'observerMasters',
  'rollOvers',
  'highCounters',
  'treesOfBothKinds',
  // One of two voters by the word of an oracle.
  'oracleTurns',
  'oracleLeaders',
  'oracleCommits',
  // Ports that others have.
  'portsTakenAtStart',
  'portsTakenOfLeaders',
  'portsTakenOfMasters',
  // Limits on what is below a path, and how fast it is asked for.
  'prefixRefusals',
  'prefixDelays',
  // The operator's commands to leaders.
  'handOvers',
  'handOversDone'
] as const
export type Covered = (typeof COVERED)[number]
export type Coverage = Record<Covered, number>

export function noCoverage(): Coverage {
  return Object.fromEntries(COVERED.map((key) => [key, 0])) as Coverage
}
