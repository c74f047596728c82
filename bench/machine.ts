import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release } from 'node:os'

const TICKS_PER_SECOND = 100

/** CPU time of the whole machine so far, in seconds. */
interface MachineTime {
  readonly busySeconds: number
  readonly stolenSeconds: number
  readonly takenMs: number
}

/** Where this machine's time went meanwhile, beyond what was measured. */
export interface OtherWork {
  /** Cores that other processes kept busy on average. */
  readonly otherCores: number
  /** Cores that the hypervisor gave to others on average. */
  readonly stolenCores: number
}

/** Null where there is no /proc/stat. */
export function machineTime(): MachineTime | null {
  try {
    const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
      .trim()
      .split(/\s+/)
      .slice(1)
      .map(Number)
    return {
      busySeconds: (user + nice + system + irq + softirq) / TICKS_PER_SECOND,
      stolenSeconds: steal / TICKS_PER_SECOND,
      takenMs: performance.now()
    }
  } catch {
    return null
  }
}

/** What others used between two moments, `ownSeconds` being the CPU time of all that belongs to the benchmark. */
export function otherWork(before: MachineTime | null, after: MachineTime | null, ownSeconds: number): OtherWork | null {
  if (before === null || after === null) return null
  const seconds = (after.takenMs - before.takenMs) / 1000
  return {
    otherCores: Math.max(0, after.busySeconds - before.busySeconds - ownSeconds) / seconds,
    stolenCores: (after.stolenSeconds - before.stolenSeconds) / seconds
  }
}

/** CPU time of a process so far, all threads, in seconds; 0 where it cannot be read. */
export function processSeconds(pid: number): number {
  return statSeconds(pid, [STAT.userTime, STAT.systemTime])
}

/** CPU time of this process and of those that it started and that have ended, in seconds. */
export function ownSeconds(): number {
  return statSeconds(process.pid, [STAT.userTime, STAT.systemTime, STAT.childrenUserTime, STAT.childrenSystemTime])
}

/** Places in /proc/PID/stat, counted from behind the name, which may hold spaces. */
const STAT = { userTime: 11, systemTime: 12, childrenUserTime: 13, childrenSystemTime: 14 } as const

function statSeconds(pid: number, places: readonly number[]): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return places.reduce((sum, place) => sum + Number(fields[place]), 0) / TICKS_PER_SECOND
  } catch {
    return 0
  }
}

/** Resident memory of a process in bytes. @throws Error if it has ended */
export function residentBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]
  if (kilobytes === undefined) throw new Error(`process ${pid} has no resident memory`)
  return Number(kilobytes) * 1024
}

/** One line on the machine and on what the servers run on. */
export function describeMachine(): string {
  const [first] = cpus()
  const load = loadavg().map((value) => value.toFixed(1))
  const machine = `${cpus().length} × ${first?.model.trim() ?? 'CPU'}, Linux ${release()}`
  return `${machine}, Node ${process.version}, Java ${javaVersion()}, load average ${load.join(' ')} at the start`
}

function javaVersion(): string {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  return /version "([^"]+)"/.exec(stderr ?? '')?.[1] ?? 'unknown'
}
