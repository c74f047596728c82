import type { Cost } from '../costs/cost-list.ts'
import type { OtherWork } from '../machine.ts'
import { median, type Spread, spread } from './summary.ts'

/** Samples of one cost; those of one place were taken one after the other. */
export interface CostResult extends Cost {
  /** Empty where only zoonode can be measured. */
  readonly apache: readonly number[]
  readonly zoonode: readonly number[]
  readonly otherWork: OtherWork | null
  /** Why there are no samples. */
  readonly failure?: string
  readonly isSkipped?: boolean
}

export interface CostSummary {
  readonly name: string
  /** Null where it cannot be measured. */
  readonly apache: number | null
  readonly zoonode: number
  /** zoonode's cost over Apache's: below 1 is better. */
  readonly ratio: Spread | null
  /** Null without a goal. */
  readonly meetsGoal: boolean | null
}

/** @param result one with samples of zoonode */
export function summariseCost(result: CostResult): CostSummary {
  const { name, apache, zoonode, goal } = result
  const ratios = zoonode.flatMap((ours, at) => {
    const theirs = apache[at]
    return theirs === undefined || theirs === 0 ? [] : [ours / theirs]
  })
  const ratio = ratios.length === 0 ? null : spread(ratios)
  const compared = goal === null ? null : goal.of === 'ratio' ? (ratio?.median ?? null) : median(zoonode)
  return {
    name,
    apache: apache.length === 0 ? null : median(apache),
    zoonode: median(zoonode),
    ratio,
    meetsGoal: goal === null || compared === null ? null : compared <= goal.atMost
  }
}
