import { HandOverRefusedError, type HandOverResult } from '../admin/http/admin-target.ts'
import type { EnsembleShell } from './quorum/ensemble-shell.ts'

/** Until this server serves again under whoever leads then, ms. */
const DEADLINE_MS = 10_000
/** At a stop: until it has stepped down. It gives up waiting for its successor earlier, by itself. */
const STEP_DOWN_DEADLINE_MS = 3000
const LOOK_EVERY_MS = 2

/**
 * Hands the lead of this server to another one and waits until there is a leader again.
 *
 * @param heir null: whichever follower is in sync
 * @throws HandOverRefusedError; an Error where nobody leads in time
 */
export async function handOver(ensemble: EnsembleShell | null, heir: number | null): Promise<HandOverResult> {
  if (ensemble === null) throw new HandOverRefusedError('a standalone server has nobody to hand anything to')
  const startMs = performance.now()
  const answer = ensemble.askToHandOver(heir)
  if ('refusal' in answer) {
    const leader = ensemble.leaderId
    const hint = leader === null || ensemble.isLeading ? '' : `; server ${leader} does`
    throw new HandOverRefusedError(`${answer.refusal}${hint}`)
  }
  await until(() => !ensemble.isLeading, STEP_DOWN_DEADLINE_MS)
  await until(() => ensemble.isServing && ensemble.leaderId !== null, DEADLINE_MS)
  const { leaderId } = ensemble
  if (leaderId === null) throw new Error(`no leader was found within ${DEADLINE_MS} ms`)
  return { heir: answer.heir, leader: leaderId, elapsedMs: Math.round(performance.now() - startMs) }
}

/** A leader that is being stopped steps down when somebody can take over at once; without such a follower it just ends. */
export async function stepDown(ensemble: EnsembleShell | null): Promise<void> {
  if (ensemble === null || !ensemble.isLeading || 'refusal' in ensemble.askToHandOver(null)) return
  await until(() => !ensemble.isLeading, STEP_DOWN_DEADLINE_MS)
}

async function until(condition: () => boolean, deadlineMs: number): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!condition() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
}
