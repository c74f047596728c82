/** What an admin server's answer comes to. */
export interface TransferOutcome {
  readonly isDone: boolean
  /** One line for the operator. */
  readonly text: string
}

/** The server answers within its own deadlines, which are shorter. */
const TIMEOUT_MS = 20_000

/**
 * Asks the HTTP admin server of a leader to hand the lead over.
 *
 * @param authorization as the header: scheme and credentials
 * @param to id of the server that is to lead; null leaves it to the leader
 * @throws TypeError if the URL is none
 */
export async function transferLeadership(
  adminUrl: string,
  authorization: string,
  to: string | null
): Promise<TransferOutcome> {
  const url = new URL('/commands/transfer_leadership', adminUrl)
  if (to !== null) url.searchParams.set('to', to)
  let answer: unknown
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(url, { method: 'POST', headers: { Authorization: authorization }, signal })
    answer = await response.json()
  } catch (error) {
    const { cause } = error as { cause?: unknown }
    return { isDone: false, text: `${url.origin} does not answer: ${messageOf(cause ?? error)}` }
  }
  const { error, leader_id, elapsed_ms } = (answer ?? {}) as Record<string, unknown> // checked below
  if (typeof error === 'string') return { isDone: false, text: error }
  if (typeof leader_id !== 'number') return { isDone: false, text: `${url.origin} is no admin server of zoonode` }
  return { isDone: true, text: `server ${leader_id} leads, ${elapsed_ms} ms after the command` }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
