import { setTimeout as delay } from 'node:timers/promises'

/** Thrown when something did not happen in time; the message says what was awaited and for how long. */
export class DeadlineError extends Error {}

/**
 * Asks `probe` again and again until it gives something else than null, and returns that.
 *
 * @param what      ends the sentence "waited for …" of the error
 * @param timeoutMs after which {@link DeadlineError} is thrown
 */
export async function waitFor<T>(what: string, timeoutMs: number, probe: () => Promise<T | null>): Promise<T> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const found = await probe()
    if (found !== null) return found
    if (performance.now() >= end) throw new DeadlineError(`waited for ${what}, ${timeoutMs} ms in vain`)
    await delay(25)
  }
}
