import { readdirSync, readFileSync, statSync } from 'node:fs'
import { arch, homedir, hostname, release, tmpdir, type, userInfo } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import { FULL_VERSION } from './version.ts'

/** Files and sockets that this process has open; -1 where the system does not tell (upstream does the same). */
export function openFileDescriptorCount(): number {
  try {
    // Linux since 6.2 gives the number as the size: counting 100,000 entries would take tens of milliseconds.
    const { size } = statSync('/proc/self/fd')
    return size > 0 ? size : readdirSync('/proc/self/fd').length
  } catch {
    return -1
  }
}

/** How many it may have; -1 where the system does not tell. */
export function maxFileDescriptorCount(): number {
  try {
    const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return limit === undefined || limit === 'unlimited' ? -1 : Number(limit)
  } catch {
    return -1
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    // The user's id has no name on this machine, as in containers.
    return NOT_AVAILABLE
  }
}

const NOT_AVAILABLE = '<NA>'
const MIB = 1024 * 1024

/**
 * What `envi` shows, with upstream's keys. `java.*` keys are kept because tools look for them, and say honestly that this
 * is Node: `java.version` is Node's version, `java.home` its executable.
 */
export function environmentEntries(): readonly (readonly [key: string, value: string])[] {
  const heap = getHeapStatistics()
  return [
    ['zookeeper.version', FULL_VERSION],
    ['host.name', hostname()],
    ['java.version', `Node.js ${process.version}`],
    ['java.vendor', 'Node.js'],
    ['java.home', process.execPath],
    ['java.class.path', process.argv[1] ?? NOT_AVAILABLE],
    ['java.library.path', NOT_AVAILABLE],
    ['java.io.tmpdir', tmpdir()],
    ['java.compiler', NOT_AVAILABLE],
    ['os.name', type()],
    ['os.arch', arch() === 'x64' ? 'amd64' : arch() === 'arm64' ? 'aarch64' : arch()],
    ['os.version', release()],
    ['user.name', userName()],
    ['user.home', homedir()],
    ['user.dir', process.cwd()],
    ['os.memory.free', `${Math.floor((heap.total_heap_size - heap.used_heap_size) / MIB)}MB`],
    ['os.memory.max', `${Math.floor(heap.heap_size_limit / MIB)}MB`],
    ['os.memory.total', `${Math.floor(heap.total_heap_size / MIB)}MB`]
  ]
}
