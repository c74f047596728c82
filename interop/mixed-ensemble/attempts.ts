/** Takes the outcome of one case: null, or what is wrong. */
export type Tell = (name: string, problem: string | null) => void

/** Runs one case. Resolves with whether it went well. */
export type Attempt = (name: string, act: () => Promise<unknown>) => Promise<boolean>

/** Resolves with what went wrong, or null. */
export async function attempt(act: () => Promise<unknown>): Promise<string | null> {
  try {
    await act()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What runs the cases of a scenario: the outcome of each is told under both names, and the next one may come. */
export function attemptsOf(scenario: string, tell: Tell): Attempt {
  return async (name, act) => {
    const problem = await attempt(act)
    tell(`${scenario}: ${name}`, problem)
    return problem === null
  }
}
