import type { Socket } from 'node:net'
import type { ClientStep } from '../../../sasl/exchange.ts'
import type { PatientClientExchange } from '../../../sasl/node/patient-client-exchange.ts'
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
  exchange: PatientClientExchange,
  timeoutMs: number,
  done: (problem: string | null) => void
): () => void {
  let bytes: Buffer = Buffer.alloc(0)
  let rounds = 0
  let isDone = false
  /** While the exchange thinks about a packet, the next one waits. */
  let isBusy = false
  const timer = setTimeout(() => fail(`the SASL exchange took longer than ${timeoutMs} ms`), timeoutMs)
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
    goOn()
  }
  function goOn(): void {
    try {
      while (!isDone && !isBusy) {
        const decoded = decodeAuthPacket(bytes)
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
    if (status === AuthStatus.error) return fail('it refuses the login of this server')
    when(exchange.evaluate(token), (step) => {
      if (status === AuthStatus.success) return succeed(step)
      if (step.kind === 'failed') return fail(step.reason)
      if (++rounds > ROUNDS_MAX) return fail(`the SASL exchange did not end after ${ROUNDS_MAX} rounds`)
      // The other side's proof may come before it says that all is well: then there is nothing more to send.
      say(step.kind === 'response' ? step.token : Buffer.alloc(0))
    })
  }
  function when<T>(work: T | Promise<T>, use: (value: T) => void): void {
    if (!(work instanceof Promise)) return use(work)
    isBusy = true
    work.then(
      (value) => {
        isBusy = false
        if (isDone) return
        use(value)
        goOn()
      },
      (error: unknown) => fail(error instanceof Error ? error.message : String(error))
    )
  }
  function say(token: Uint8Array): void {
    socket.write(encodeAuthPacket(AuthStatus.inProgress, token))
  }
  function succeed(step: ClientStep): void {
    if (step.kind !== 'complete') {
      return fail(step.kind === 'failed' ? step.reason : 'it ended the SASL exchange without proving itself')
    }
    if (end()) handOver(socket, bytes, () => done(null))
  }
  socket.on('data', read)
  socket.on('close', gone)
  when(exchange.initialResponse(), say)
  return () => {
    if (end()) socket.destroy()
  }
}
