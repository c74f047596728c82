import type { Socket } from 'node:net'
import type { ClientExchange, ClientStep } from '../../../sasl/exchange.ts'
import { handOver } from '../first-bytes.ts'
import {
  AuthPacketError,
  AuthStatus,
  decodeAuthPacket,
  encodeAuthPacket,
  type QuorumAuthPacket
} from './quorum-auth-packet.ts'

/** More than any mechanism takes: one who goes on asking is not a server. */
const ROUNDS_MAX = 5

/**
 * Proves to the server that was connected to who this one is, and has it prove itself, before anything else is said.
 *
 * @param done called once, and never from within this call. Problem null: the socket's next reader adds its listeners then;
 * else the socket has been destroyed
 * @returns gives up, without a call of `done`; the socket is destroyed
 */
export function proveToServer(
  socket: Socket,
  exchange: ClientExchange,
  timeoutMs: number,
  done: (problem: string | null) => void
): () => void {
  let bytes: Buffer = Buffer.alloc(0)
  let rounds = 0
  let isDone = false
  const timer = setTimeout(() => fail(`it did not answer the SASL exchange within ${timeoutMs} ms`), timeoutMs)
  function end(): boolean {
    if (isDone) return false
    isDone = true
    clearTimeout(timer)
    socket.removeListener('data', read)
    socket.removeListener('close', gone)
    return true
  }
  function fail(problem: string): void {
    if (!end()) return
    socket.destroy()
    done(problem)
  }
  function gone(): void {
    fail('it closed the connection in the SASL exchange')
  }
  function read(chunk: Buffer): void {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
    try {
      for (;;) {
        const decoded = isDone ? null : decodeAuthPacket(bytes)
        if (decoded === null) return
        bytes = bytes.subarray(decoded.length)
        take(decoded.packet)
      }
    } catch (error) {
      if (!(error instanceof AuthPacketError)) throw error
      fail(error.message)
    }
  }
  function take({ status, token }: QuorumAuthPacket): void {
    if (status === AuthStatus.error) return fail('it refuses the user or the password of this server')
    const step = exchange.evaluate(token)
    if (status === AuthStatus.success) return succeed(step)
    if (step.kind === 'failed') return fail(step.reason)
    if (++rounds > ROUNDS_MAX) return fail(`the SASL exchange did not end after ${ROUNDS_MAX} rounds`)
    // The other side's proof may come before it says that all is well: then there is nothing more to send.
    socket.write(encodeAuthPacket(AuthStatus.inProgress, step.kind === 'response' ? step.token : Buffer.alloc(0)))
  }
  function succeed(step: ClientStep): void {
    if (step.kind !== 'complete') {
      return fail(step.kind === 'failed' ? step.reason : 'it ended the SASL exchange without proving itself')
    }
    if (end()) handOver(socket, bytes, () => done(null))
  }
  socket.on('data', read)
  socket.on('close', gone)
  socket.write(encodeAuthPacket(AuthStatus.inProgress, exchange.initialResponse()))
  return () => {
    if (end()) socket.destroy()
  }
}
