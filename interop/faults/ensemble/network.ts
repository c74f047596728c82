import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { Placement } from '../../harness/ensemble.ts'

/** Longest that a packet waits for a slow link. */
const QUEUE_MS = 2_000
const OWN_NETWORK = 'ZOONODE_OWN_NETWORK'

/**
 * Runs this program again in a network and mount namespace of its own, as it is: what is set up there is gone with its last process.
 *
 * @returns its exit code; null if this process is already in one, or may not make one
 */
export function runInOwnNetwork(): number | null {
  if (process.env[OWN_NETWORK] !== undefined) return null
  if (spawnSync('unshare', ['--net', '--mount', 'true']).status !== 0) return null
  const args = ['--net', '--mount', process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const result = spawnSync('unshare', args, { stdio: 'inherit', env: { ...process.env, [OWN_NETWORK]: '1' } })
  return result.status ?? 1
}

/** Whether members can be parted from each other, and disks be filled. */
export function hasOwnNetwork(): boolean {
  return process.env[OWN_NETWORK] !== undefined
}

/**
 * A network namespace for each member; this process is the router between them, and reaches all of them whatever is cut.
 * Only for a process for which {@link hasOwnNetwork} holds.
 */
export class Network implements Placement {
  readonly #cuts: string[][] = []
  readonly #slow = new Set<number>()

  constructor(sids: readonly number[]) {
    ip('link', 'set', 'lo', 'up')
    run('mount', '-t', 'tmpfs', 'tmpfs', '/run')
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
    for (const sid of sids) {
      const name = nameOf(sid)
      ip('netns', 'add', name)
      ip('link', 'add', `veth${sid}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
      ip('addr', 'add', `10.77.${sid}.1/24`, 'dev', `veth${sid}`)
      ip('link', 'set', `veth${sid}`, 'up')
      ip('-n', name, 'addr', 'add', `${this.host(sid)}/24`, 'dev', 'eth0')
      ip('-n', name, 'link', 'set', 'eth0', 'up')
      ip('-n', name, 'link', 'set', 'lo', 'up')
      ip('-n', name, 'route', 'add', 'default', 'via', `10.77.${sid}.1`)
    }
  }

  host(sid: number): string {
    return `10.77.${sid}.2`
  }

  prefix(sid: number): readonly string[] {
    return ['ip', 'netns', 'exec', nameOf(sid)]
  }

  /** Packets from one member to another are lost in silence from now on; those of the other way go on. */
  cut(from: number, to: number): void {
    const rule = ['from', this.host(from), 'to', this.host(to), 'blackhole']
    ip('rule', 'add', ...rule)
    this.#cuts.push(rule)
  }

  /** What comes to this member, and what it sends, goes at this rate from now on; what has to wait longer than {@link QUEUE_MS} is lost. */
  slowDown(sid: number, kilobits: number): void {
    const limit = ['root', 'tbf', 'rate', `${kilobits}kbit`, 'burst', '4kb', 'latency', `${QUEUE_MS}ms`]
    run('tc', 'qdisc', 'replace', 'dev', `veth${sid}`, ...limit)
    run('tc', '-n', nameOf(sid), 'qdisc', 'replace', 'dev', 'eth0', ...limit)
    this.#slow.add(sid)
  }

  /** Ends all cuts and slow links. */
  heal(): void {
    for (const rule of this.#cuts.splice(0)) ip('rule', 'del', ...rule)
    for (const sid of this.#slow) {
      run('tc', 'qdisc', 'del', 'dev', `veth${sid}`, 'root')
      run('tc', '-n', nameOf(sid), 'qdisc', 'del', 'dev', 'eth0', 'root')
    }
    this.#slow.clear()
  }
}

/** Makes a folder a disk of its own, which can be filled. */
export function mountSmallDisk(folder: string, megabytes: number): void {
  run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder)
}

export function unmount(folder: string): void {
  run('umount', folder)
}

function nameOf(sid: number): string {
  return `server-${sid}`
}

function ip(...args: readonly string[]): void {
  run('ip', ...args)
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`)
}
