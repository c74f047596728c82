import type { NoAuthError, NoNodeError } from '../../client/errors.ts'

type Refusal = typeof NoAuthError | typeof NoNodeError

/** What `work` comes to; null where it is refused by one of these errors. @throws every other error */
export async function unlessRefused<T>(work: () => Promise<T>, ...refusals: readonly Refusal[]): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (refusals.some((refusal) => error instanceof refusal)) return null
    throw error
  }
}
