import type { Socket } from 'node:net'
import type { PeerSocketOptions, PeerTransport } from './peer-transport.ts'

/** That the host turns a connection away shows that it is there. */
const REFUSED = 'ECONNREFUSED'

/**
 * Asks whether a host can be reached, by connecting to ports that a server there may listen on. (Upstream sends an echo
 * request, for which a process needs a privilege.)
 *
 * @param done called once, and never from within this call
 * @returns gives up; `done` is not called any more
 */
export function checkReachable(
  host: string,
  ports: readonly number[],
  timeoutMs: number,
  transport: PeerTransport,
  options: PeerSocketOptions,
  done: (isReachable: boolean) => void
): () => void {
  const attempts = new Set<Socket>()
  let isDone = false
  const timer = setTimeout(() => finish(false), timeoutMs)
  function end(): void {
    isDone = true
    clearTimeout(timer)
    for (const attempt of attempts) attempt.destroy()
  }
  function finish(isReachable: boolean): void {
    if (isDone) return
    end()
    done(isReachable)
  }

  for (const port of ports) {
    const socket = transport.probe(host, port, options, () => finish(true))
    attempts.add(socket)
    socket.on('error', (error) => {
      if ('code' in error && error.code === REFUSED) finish(true)
    })
    socket.on('close', () => {
      attempts.delete(socket)
      if (attempts.size === 0) finish(false)
    })
  }
  return end
}
