import type { ClientSuite } from '../harness/suite.ts'
import { TYPESCRIPT_CASES } from './typescript-cases.ts'

const CASE_TIMEOUT_MS = 90_000

/** The client library of this project, in this process, on ensembles. */
export const typescriptSuite: ClientSuite = {
  name: 'typescript',
  isQuick: false,
  settings: {},
  prepare: async () => undefined,
  async run({ server, record }) {
    for (const one of TYPESCRIPT_CASES) {
      const detail = await problemOf(one.run(server))
      record({ name: one.name, status: detail === null ? 'passed' : 'failed', detail: detail ?? '', observed: null })
    }
  }
}

/** What is wrong; null if nothing is. */
async function problemOf(running: Promise<void>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`not done after ${CASE_TIMEOUT_MS} ms`), CASE_TIMEOUT_MS)
  })
  try {
    return await Promise.race([running.then(() => null), late])
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  } finally {
    clearTimeout(timer)
  }
}
