import { readFileSync } from 'node:fs'
import type { RunningServer } from '../servers.ts'
import { type Health, HealthyClient, RawSession } from './healthy-client.ts'

/** Of the times in /proc, on every Linux that Node.js runs on. */
const MS_PER_TICK = 10

/** Resident memory of a process in MiB; 0 where it cannot be read. */
export function residentMiB(pid: number): number {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Math.round(Number(kib ?? 0) / 1024)
  } catch {
    return 0
  }
}

/** CPU time of a process with all its threads, in milliseconds, by ticks of ten; 0 where it cannot be read. */
export function cpuMs(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name of the program, in parentheses, may hold anything. Behind it are the state and ten numbers, then user and system time.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
  } catch {
    return 0
  }
}

/** How a server came through something bad. */
export interface Survival {
  /** Null while the process lives. */
  readonly ended: string | null
  readonly health: Health
  readonly memoryBeforeMiB: number
  readonly memoryAfterMiB: number
  /** True if a new client gets a session and an answer afterwards. */
  readonly serves: boolean
}

/** Does something bad to a server while a client that behaves uses it, and tells how both fared. */
export async function survive(server: RunningServer, act: () => Promise<void>): Promise<Survival> {
  const memoryBeforeMiB = residentMiB(server.pid)
  const client = await HealthyClient.start(server.port, () => cpuMs(server.pid))
  try {
    await act()
  } finally {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const health = await client.stop()
  return {
    ended: server.exited(),
    health,
    memoryBeforeMiB,
    memoryAfterMiB: residentMiB(server.pid),
    serves: await answers(server.port)
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    const session = await RawSession.open(port)
    const err = await session.errorOf({ op: 3, fields: { path: '/', watch: 0 } })
    session.drop()
    return err === 0
  } catch {
    return false
  }
}
