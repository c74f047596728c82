import type { Socket } from 'node:net'
import type { PeerSocketOptions, PeerTransport } from './peer-transport.ts'
import { socketProblem } from './socket-problem.ts'

/** A host, by name or number (IPv6 without brackets), and a port. */
export interface PortAddress {
  readonly host: string
  readonly port: number
}

/** The address as upstream writes it: IPv6 in brackets. */
export function showAddress({ host, port }: PortAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** What came of it: a socket, whose listeners are all the caller's to add, or why there is none. */
export type ConnectOutcome = (socket: Socket | null, address: PortAddress | null, problem: string) => void

/**
 * Connects to whichever address of one server answers first; the other attempts are given up.
 *
 * @param done called once, and never from within this call
 * @returns gives up; `done` is not called any more
 */
export function connectFirst(
  addresses: readonly PortAddress[],
  timeoutMs: number,
  transport: PeerTransport,
  options: PeerSocketOptions,
  done: ConnectOutcome
): () => void {
  const attempts = new Set<Socket>()
  const problems: string[] = []
  let isDone = false
  const timer = setTimeout(() => {
    problems.push(`no answer within ${timeoutMs} ms`)
    finish(null, null)
  }, timeoutMs)
  function finish(socket: Socket | null, address: PortAddress | null): void {
    if (isDone) return
    isDone = true
    clearTimeout(timer)
    if (socket !== null) attempts.delete(socket)
    for (const attempt of attempts) attempt.destroy()
    done(socket, address, problems.join('; '))
  }

  for (const address of addresses) {
    const socket = transport.connect(address.host, address.port, options, () => finish(socket, address))
    attempts.add(socket)
    // Stays for the socket's life: without a listener an error would end the process.
    socket.on('error', (error) => {
      // Of one address the caller tells.
      problems.push(addresses.length === 1 ? socketProblem(error) : `${showAddress(address)}: ${socketProblem(error)}`)
    })
    socket.on('close', () => {
      attempts.delete(socket)
      if (attempts.size === 0) finish(null, null)
    })
  }
  if (addresses.length === 0) {
    setImmediate(() => {
      problems.push('it has no address')
      finish(null, null)
    })
  }
  return () => {
    if (isDone) return
    isDone = true
    clearTimeout(timer)
    for (const attempt of attempts) attempt.destroy()
  }
}
