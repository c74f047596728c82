import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A line of the kernel's tables of TCP sockets, Linux only. */
export interface TcpSocket {
  /** `*` for all addresses of the machine. */
  readonly localHost: string
  readonly localPort: number
  readonly remotePort: number
  readonly state: 'established' | 'connecting' | 'listening' | 'other'
  readonly inode: string
}

const STATES: Readonly<Record<string, TcpSocket['state']>> = {
  '01': 'established',
  '02': 'connecting',
  '0A': 'listening'
}

/** All TCP sockets of this network namespace, those over IPv6 with IPv4 addresses in it as such. */
export function tcpSockets(): TcpSocket[] {
  return ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => {
    const lines = readFileSync(file, 'latin1').trimEnd().split('\n').slice(1)
    return lines.map((line) => {
      const [, local = '', remote = '', state = '', , , , , , inode = ''] = line.trim().split(/\s+/)
      const [host = '', port = ''] = local.split(':')
      return {
        localHost: hostOf(host),
        localPort: Number.parseInt(port, 16),
        remotePort: Number.parseInt(remote.split(':')[1] ?? '', 16),
        state: STATES[state] ?? 'other',
        inode
      }
    })
  })
}

/** What one process listens on: host by port. */
export function listeningOf(pid: number): ReadonlyMap<number, string> {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        // Closed since it was listed.
        return []
      }
    })
  )
  const listening = tcpSockets().filter(({ state, inode }) => state === 'listening' && own.has(inode))
  return new Map(listening.map(({ localPort, localHost }) => [localPort, localHost]))
}

/** Each word of 32 bits is written as a number of this machine, with the lowest byte first. */
function hostOf(hex: string): string {
  if (/^0+$/.test(hex)) return '*'
  const lastWord = hex.slice(-8)
  const isMapped = hex.length === 8 || hex.startsWith('0000000000000000FFFF0000')
  if (!isMapped) return hex
  return [6, 4, 2, 0].map((at) => Number.parseInt(lastWord.slice(at, at + 2), 16)).join('.')
}
