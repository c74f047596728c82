import type { Request } from './requests.ts'
import type { Step } from './steps.ts'

/** Tells whether the steps still show the difference that is being shrunk. */
export type Shows = (steps: readonly Step[]) => Promise<boolean>

export interface ShrinkLimits {
  readonly attemptCountMax: number
  readonly durationMsMax: number
}

/**
 * Makes a failing list of steps small by delta debugging: drops runs of steps, halving their length, then single
 * requests of bursts and parts of multis. Stops at the limits with the smallest list found so far.
 */
export async function shrink(steps: readonly Step[], shows: Shows, limits: ShrinkLimits): Promise<readonly Step[]> {
  const deadline = performance.now() + limits.durationMsMax
  let attempts = 0
  const tryIt: Shows = async (candidate) => {
    if (attempts >= limits.attemptCountMax || performance.now() > deadline) return false
    attempts++
    return await shows(candidate)
  }
  let best = await dropRuns(steps, tryIt)
  for (let at = 0; at < best.length; at++) best = await simplifyStep(best, at, tryIt)
  return await dropRuns(best, tryIt)
}

async function dropRuns(steps: readonly Step[], shows: Shows): Promise<readonly Step[]> {
  let best = steps
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = best.length - size; start > -size; start -= size) {
      const from = Math.max(0, start)
      const candidate = [...best.slice(0, from), ...best.slice(start + size)]
      if (candidate.length < best.length && (await shows(candidate))) best = candidate
    }
  }
  return best
}

async function simplifyStep(steps: readonly Step[], at: number, shows: Shows): Promise<readonly Step[]> {
  let best = steps
  const step = best[at]
  if (step?.kind !== 'requests') return best
  const with_ = (requests: readonly Request[]): Step[] => {
    return best.map((other, index) => (index === at ? { ...step, requests } : other))
  }
  let requests = await dropItems(step.requests, (fewer) => shows(with_(fewer)))
  best = with_(requests)
  for (let index = 0; index < requests.length; index++) {
    const request = requests[index]
    const ops = request?.fields?.ops
    if (request === undefined || !Array.isArray(ops)) continue
    const put = (fewer: readonly Request[]): Request[] => {
      return requests.map((other, position) => (position === index ? { ...request, fields: { ops: fewer } } : other))
    }
    const kept = await dropItems(ops as readonly Request[], (fewer) => shows(with_(put(fewer))))
    requests = put(kept)
    best = with_(requests)
  }
  return best
}

async function dropItems<T>(
  items: readonly T[],
  shows: (fewer: readonly T[]) => Promise<boolean>
): Promise<readonly T[]> {
  let best = items
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = best.length - size; start > -size && best.length > 1; start -= size) {
      const from = Math.max(0, start)
      const candidate = [...best.slice(0, from), ...best.slice(start + size)]
      if (candidate.length > 0 && candidate.length < best.length && (await shows(candidate))) best = candidate
    }
  }
  return best
}
