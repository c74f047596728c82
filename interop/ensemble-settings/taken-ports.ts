import { spawn } from 'node:child_process'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { tcpSockets } from './tcp-table.ts'

const HOST = '127.0.0.1'
const ANSWERED_MS = 200
const FILLERS_MAX = 20

/** A port that is not the server's to have, or where nobody answers as a server does. */
export interface TakenPort {
  readonly port: number
  close(): Promise<void>
}

/** Another program listens there, takes all connections and says nothing. */
export interface SilentPort extends TakenPort {
  /** How long each connection lasted until the other side closed it; only those that are over. */
  readonly lastedMs: readonly number[]
}

/** @param port 0: any */
export async function silentPort(port = 0): Promise<SilentPort> {
  const open = new Set<Socket>()
  const lastedMs: number[] = []
  const server = createServer((socket) => {
    const begunMs = performance.now()
    open.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      open.delete(socket)
      lastedMs.push(performance.now() - begunMs)
    })
    socket.resume()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, resolve)
  })
  const address = server.address()
  return {
    port: address !== null && typeof address === 'object' ? address.port : port,
    lastedMs,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      })
  }
}

/** Listens with the shortest queue, tells where, and stands still: it accepts nobody. */
const STANDSTILL = `const server = require('node:net').createServer()
server.listen({ port: 0, host: '${HOST}', backlog: 1 }, () => {
  process.stdout.write(server.address().port + '\\n', () => process.kill(process.pid, 'SIGSTOP'))
})`

/** A port whose queue is full: who connects gets no answer, as from an address behind a firewall or a machine that is off. */
export async function deadPort(): Promise<TakenPort> {
  const child = spawn(process.execPath, ['-e', STANDSTILL], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.once('data', (text: Buffer) => resolve(Number(text)))
    child.once('exit', () => reject(new Error('the program with the dead port ended')))
  })
  const fillers: Socket[] = []
  while (await connects(port, fillers)) {
    if (fillers.length > FILLERS_MAX) throw new Error(`the queue of port ${port} does not fill`)
  }
  return {
    port,
    async close() {
      for (const socket of fillers) socket.destroy()
      child.kill('SIGKILL')
      await new Promise((resolve) =>
        child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(null)
      )
    }
  }
}

/** One more in the queue. Resolves with whether there was room for it, as the kernel has it: it answers by itself. */
async function connects(port: number, fillers: Socket[]): Promise<boolean> {
  const socket = connect(port, HOST)
  socket.on('error', () => socket.destroy())
  fillers.push(socket)
  await delay(ANSWERED_MS)
  const isWaiting = tcpSockets().some(({ state, remotePort }) => state === 'connecting' && remotePort === port)
  if (isWaiting) socket.destroy()
  return !isWaiting
}
