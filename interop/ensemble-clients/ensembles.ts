import { participants } from '../harness/ensemble.ts'
import type { MemberPlan } from '../harness/member.ts'

/** An ensemble of three. With nothing in the logs, the highest id wins the election. */
export interface EnsembleKind {
  readonly name: string
  readonly members: readonly MemberPlan[]
  readonly leader: number
}

/** What the others are compared with. */
export const REFERENCE = 'apache'

export const ENSEMBLE_KINDS: readonly EnsembleKind[] = [
  { name: REFERENCE, members: participants('apache', 'apache', 'apache'), leader: 3 },
  { name: 'zoonode', members: participants('zoonode', 'zoonode', 'zoonode'), leader: 3 },
  { name: 'zoonode-leads', members: participants('apache', 'zoonode', 'zoonode'), leader: 3 },
  { name: 'apache-leads', members: participants('zoonode', 'zoonode', 'apache'), leader: 3 }
]
