import { createServer } from 'node:net'
import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { Ensemble, participants } from '../harness/ensemble.ts'
import type { Member } from '../harness/member.ts'
import { waitFor } from '../harness/wait-for.ts'
import type { Attempt } from '../mixed-ensemble/attempts.ts'
import { electionHandshake, FalsePeer } from '../mixed-ensemble/hostile/false-peer.ts'
import { TIMEOUT_MS, underLoad, WRITES } from './life.ts'
import { Authority } from './stores.ts'

const TIMES = 12
/** Lines of one kind that a server writes in a minute. */
const LINES_MAX = 5
const HANDSHAKE_TIMEOUT_MS = 1000

interface Attack {
  readonly name: string
  /** What a zoonode says of it. */
  readonly line: RegExp
  /** Resolves when the other side has closed. */
  run(host: string, port: number): Promise<void>
}

/** What goes to the ports of servers that speak TLS with each other, again and again, on the election port and on the leader's quorum port. */
export async function runHostileTls(folder: string, attempt: Attempt): Promise<void> {
  const authority = new Authority(join(folder, 'authority'))
  authority.makeTrustStores()
  authority.issue('member')
  authority.issue('expired', { isExpired: true })
  authority.issue('other-host', { names: 'DNS:elsewhere.example' })
  const stranger = new Authority(join(folder, 'stranger'))
  stranger.issue('stranger')
  const members = participants('apache', 'zoonode', 'zoonode')
  const config = {
    ...authority.settings('member', 'PEM'),
    sslQuorum: 'true',
    'ssl.quorum.handshakeDetectionTimeoutMillis': String(HANDSHAKE_TIMEOUT_MS)
  }
  const ensemble = await Ensemble.plan(folder, { members, config })
  const attacks: readonly Attack[] = [
    sends('plain text', /it does not speak TLS/, electionHandshake(1n, '127.0.0.1:1')),
    sends('nothing', /it began no TLS handshake within 1000 ms|no TLS handshake within 1000 ms/, Buffer.alloc(0)),
    sends('half a handshake', /no TLS handshake within|the TLS handshake took longer/, Buffer.from('16030100', 'hex')),
    sends(
      'a broken handshake',
      /closing a connection of another server/,
      Buffer.from(`1603010020${'ee'.repeat(32)}`, 'hex')
    ),
    shows('no certificate', /it shows no certificate/, { ca: authority.pem('member').ca }),
    shows('an expired certificate', /expired/, authority.pem('expired')),
    shows("a stranger's certificate", /trust/, { ...stranger.pem('stranger'), ca: authority.pem('member').ca }),
    shows('a certificate of another host', /its certificate is not for 127\.0\.0\.1/, authority.pem('other-host'))
  ]
  try {
    const leader = await ensemble.startLedBy(3)
    const victims = ensemble.members.filter(({ kind }) => kind === 'zoonode')
    await underLoad(ensemble, async (load) => {
      for (const attack of attacks) {
        await attempt(`${attack.name}: turned away in few lines, and nobody else notices`, async () => {
          const lengths = new Map(victims.map((member) => [member, member.log().length]))
          for (const victim of victims) await repeat(attack, victim, victim === leader)
          await load.goesOn(WRITES, TIMEOUT_MS)
          if ((await ensemble.serving()) !== leader) throw new Error('another server leads')
          for (const victim of victims) judge(attack, victim.log().slice(lengths.get(victim) ?? 0), victim)
        })
      }
    })
  } finally {
    await ensemble.killAll()
  }
}

/**
 * Another program has the quorum port of the server that is elected, takes connections, and says nothing. (Apache's followers wait for
 * initLimit then.)
 */
export async function runForeignProgram(folder: string, attempt: Attempt): Promise<void> {
  const members = participants('zoonode', 'zoonode', 'zoonode')
  // initLimit is twenty seconds then.
  const ensemble = await Ensemble.plan(folder, { members, config: { initLimit: '40' } })
  const elected = ensemble.member(3)
  const foreign = createServer((socket) => socket.on('error', () => undefined))
  await new Promise<void>((resolve) => foreign.listen(elected.address.quorumPort, elected.address.host, resolve))
  try {
    await attempt('a program that has the port of the leader does not keep its followers waiting', async () => {
      await elected.start()
      await Promise.all([1, 2].map((sid) => ensemble.member(sid).start()))
      await waitFor('server 2 to lead', 15_000, async () => ((await ensemble.leader())?.sid === 2 ? true : null))
    })
  } finally {
    foreign.close()
    await ensemble.killAll()
  }
}

async function repeat(attack: Attack, victim: Member, isLeader: boolean): Promise<void> {
  const { host, electionPort, quorumPort } = victim.address
  for (const port of [electionPort, ...(isLeader ? [quorumPort] : [])]) {
    await Promise.all(Array.from({ length: TIMES }, () => attack.run(host, port)))
  }
}

function judge({ name, line }: Attack, log: string, victim: Member): void {
  const found = log.split('\n').filter((one) => line.test(one))
  if (found.length === 0 || found.length > LINES_MAX) {
    throw new Error(`${victim.name} has ${found.length} lines on ${name}, in:\n${log.slice(-2000)}`)
  }
}

function sends(name: string, line: RegExp, bytes: Buffer): Attack {
  return {
    name,
    line,
    run: async (host, port) => {
      const peer = await FalsePeer.open(host, port)
      peer.send(bytes)
      await closed(name, () => peer.isClosed)
    }
  }
}

/** One that does the handshake, with this to show, and speaks as if it were a server. */
function shows(name: string, line: RegExp, options: { readonly ca: string; readonly key?: string }): Attack {
  return {
    name,
    line,
    run: async (host, port) => {
      let isClosed = false
      const socket = tlsConnect({ host, port, ...options })
      socket.on('secureConnect', () => socket.write(electionHandshake(1n, '127.0.0.1:1')))
      socket.on('error', () => undefined)
      socket.on('close', () => {
        isClosed = true
      })
      socket.resume()
      await closed(name, () => isClosed)
    }
  }
}

async function closed(name: string, isClosed: () => boolean): Promise<void> {
  await waitFor(`a connection with ${name} to be closed`, TIMEOUT_MS, async () => (isClosed() ? true : null))
}
