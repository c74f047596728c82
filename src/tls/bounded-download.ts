/** For one answer. */
export interface DownloadLimits {
  readonly timeoutMs: number
  readonly sizeBytesMax: number
}

/** A GET, unless it is said otherwise. */
export interface DownloadRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: NonNullable<RequestInit['body']>
}

/**
 * What an HTTP server answers. Each time by a new connection: one that was kept may be closed by the server at the moment when it is asked
 * the next time, which would lose the answer.
 *
 * @throws Error with the reason in its message
 */
export async function download(url: string, limits: DownloadLimits, request: DownloadRequest = {}): Promise<Buffer> {
  try {
    const headers = { ...request.headers, Connection: 'close' }
    const response = await fetch(url, { ...request, headers, signal: AbortSignal.timeout(limits.timeoutMs) })
    if (!response.ok) throw new Error(`HTTP status ${response.status}`)
    const pieces: Uint8Array[] = []
    let size = 0
    for await (const piece of response.body ?? []) {
      size += piece.length
      if (size > limits.sizeBytesMax) throw new Error('it is too long')
      pieces.push(piece)
    }
    return Buffer.concat(pieces)
  } catch (error) {
    throw new Error(reasonOf(error, limits.timeoutMs), { cause: error })
  }
}

/** `fetch` says what went wrong in the cause. */
function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`
  return error.cause instanceof Error ? error.cause.message : error.message
}
