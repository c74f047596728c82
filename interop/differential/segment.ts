import { SequenceGenerator } from './generator/sequence.ts'
import type { Pair } from './pairs.ts'
import { type CaseResult, runCase, type StepSource } from './run-case.ts'
import { requestCount, type Step } from './steps.ts'

/** A generated sequence from fresh servers to the comparison of their trees. */
export interface Segment {
  readonly seed: string
  readonly requests: number
  /** Whether connections may have several requests under way. */
  readonly bursts: boolean
  /** Sessions left to expire, and kills of both servers, spread over the segment; no quotas are written where there is more than one kill. */
  readonly expiries: number
  readonly restarts: number
  readonly onProgress?: (requests: number) => void
}

/** Runs a segment on a fresh pair, until the servers differ or its requests have been sent. */
export async function runSegment(pair: Pair, segment: Segment): Promise<CaseResult> {
  const { failure, restart, sides } = pair
  const { onProgress } = segment
  const options = { finalState: true, failure, restart, ...(onProgress === undefined ? {} : { onProgress }) }
  return withFailure(await runCase(sides, limited(segment), options), pair)
}

/** Says so where a server died: the difference then is its silence, the cause is in its log. */
export function withFailure(result: CaseResult, pair: Pair): CaseResult {
  const failure = pair.failure()
  if (failure === null || result.difference === null) return result
  return { ...result, difference: { ...result.difference, signature: 'a server ended', detail: failure } }
}

/** The generator's steps until enough requests are sent, with the expiries and restarts spread among them. */
function limited({ seed, requests, bursts, expiries, restarts }: Segment): StepSource {
  const generator = new SequenceGenerator(seed, { bursts, quotas: restarts < 2 })
  const special: Step['kind'][] = []
  for (let turn = 0; turn < Math.max(expiries, restarts); turn++) {
    if (turn < expiries) special.push('expire')
    if (turn < restarts) special.push('restart')
  }
  const spacing = requests / (special.length + 1)
  let sent = 0
  let done = 0
  return {
    next: () => {
      if (sent >= requests) return null
      if (done === special.length || sent < (done + 1) * spacing) return generator.next()
      return special[done++] === 'expire' ? generator.expireStep() : { kind: 'restart' }
    },
    observe: (step, left) => {
      sent += requestCount(step)
      generator.observe(step, left)
    }
  }
}
