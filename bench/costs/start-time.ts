import { startLoad } from '../load-generator.ts'
import type { ServerProcess } from '../servers/server-process.ts'

const START_SECONDS_MAX = 180

/**
 * Starts a server that does not run.
 *
 * @returns seconds from its exec to the first read that it answers
 */
export async function secondsToFirstAnswer(program: string, server: ServerProcess): Promise<number> {
  const knock = startLoad(program, { workload: 'knock', port: server.port, seconds: START_SECONDS_MAX })
  const startedNs = await server.launch()
  const died = server.exited().then(() => {
    throw new Error(`${server.kind} did not start: ${server.ended}: ${server.log.slice(-300)}`)
  })
  try {
    const { answeredNs } = await Promise.race([knock.result, died])
    return (answeredNs - Number(startedNs)) / 1e9
  } finally {
    died.catch(() => undefined) // it is stopped some day
    knock.kill()
  }
}
