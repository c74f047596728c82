import { join } from 'node:path'
import { connect as tlsConnect } from 'node:tls'
import { Ensemble, participants } from '../harness/ensemble.ts'
import type { Member, MemberPlan } from '../harness/member.ts'
import { waitFor } from '../harness/wait-for.ts'
import type { Attempt } from '../mixed-ensemble/attempts.ts'
import { electionHandshake, FalsePeer } from '../mixed-ensemble/hostile/false-peer.ts'
import { failOver, fillUp, roll, TIMEOUT_MS, underLoad, WRITES, withoutData } from './life.ts'
import { Authority, type StoreKind } from './stores.ts'

const TLS = { sslQuorum: 'true', portUnification: 'false' }

/** Whose stores are of which kind: by turns, so that each kind of server reads each. */
const KINDS: readonly StoreKind[] = ['PEM', 'JKS', 'PKCS12']

function authorityIn(folder: string, plans: readonly MemberPlan[]): Authority {
  const authority = new Authority(join(folder, 'authority'))
  authority.makeTrustStores()
  for (const { sid } of plans) authority.issue(`server-${sid}`)
  return authority
}

function useStores(ensemble: Ensemble, authority: Authority, more: Readonly<Record<string, string>>): void {
  for (const [index, member] of ensemble.members.entries()) {
    const kind = KINDS[index % KINDS.length] ?? 'PEM'
    member.configure({ ...authority.settings(`server-${member.sid}`, kind), ...more })
  }
}

/** An ensemble whose members talk TLS only: it serves, fails over, and ends with the same trees. */
export async function runTls(
  members: readonly MemberPlan[],
  leaderSid: number,
  folder: string,
  attempt: Attempt
): Promise<void> {
  const authority = authorityIn(folder, members)
  const ensemble = await Ensemble.plan(folder, { members })
  useStores(ensemble, authority, TLS)
  try {
    if (!(await attempt('starts', () => ensemble.startLedBy(leaderSid)))) return
    await attempt('its election and quorum ports speak TLS, with a certificate of the authority', async () => {
      const leader = await ensemble.serving()
      const { host, electionPort, quorumPort } = leader.address
      for (const port of [electionPort, quorumPort]) await subjectAt(host, port, authority, 'server-1')
    })
    await attempt('serves, fails over twice, brings up a member without data, and loses nothing', () =>
      underLoad(ensemble, async (load) => {
        await failOver(ensemble, load)
        await fillUp(ensemble)
        await withoutData(ensemble, ensemble.member(1))
        await failOver(ensemble, load)
      })
    )
  } finally {
    await ensemble.killAll()
  }
}

/** As docs/security.md tells an operator: plain, then both, then TLS for what a server opens itself, then TLS only. */
export async function runSwitchToTls(members: readonly MemberPlan[], folder: string, attempt: Attempt): Promise<void> {
  const authority = authorityIn(folder, members)
  const ensemble = await Ensemble.plan(folder, { members })
  const steps = [
    { name: 'both are taken, plain text is spoken', keys: { sslQuorum: 'false', portUnification: 'true' } },
    { name: 'both are taken, TLS is spoken', keys: { sslQuorum: 'true', portUnification: 'true' } },
    { name: 'TLS only', keys: TLS }
  ]
  try {
    await ensemble.start()
    await attempt('a rolling switch from plain text to TLS, under load, loses nothing', () =>
      underLoad(ensemble, async (load) => {
        useStores(ensemble, authority, {})
        for (const { keys } of steps) await roll(ensemble, load, (member) => member.configure(keys))
        await failOver(ensemble, load)
      })
    )
    await attempt('afterwards plain text is turned away', async () => {
      for (const member of ensemble.members.filter(({ kind }) => kind === 'zoonode')) {
        const { host, electionPort } = member.address
        const peer = await FalsePeer.open(host, electionPort)
        peer.send(electionHandshake(99n, '127.0.0.1:1'))
        await waitFor('the connection to be closed', TIMEOUT_MS, async () => (peer.isClosed ? true : null))
        if (!member.log().includes('it does not speak TLS')) throw new Error(`${member.name} does not tell why`)
      }
    })
  } finally {
    await ensemble.killAll()
  }
}

/** Certificates that are replaced while servers run: no link is dropped, and new connections see the new ones. */
export async function runReload(members: readonly MemberPlan[], folder: string, attempt: Attempt): Promise<void> {
  const authority = authorityIn(folder, members)
  const ensemble = await Ensemble.plan(folder, { members })
  useStores(ensemble, authority, { ...TLS, sslQuorumReloadCertFiles: 'true' })
  // Before the clients come: they would stand still meanwhile, and their sessions expire.
  for (const { sid } of members) authority.issue(`renewed-${sid}`)
  try {
    const leader = await ensemble.startLedBy(members.length)
    await attempt('certificates are replaced under load, and no connection is', () =>
      underLoad(ensemble, async (load) => {
        const lengths = new Map(ensemble.members.map((member) => [member, member.log().length]))
        for (const { sid } of members) authority.replace(`server-${sid}`, `renewed-${sid}`)
        for (const member of ensemble.members.filter(({ kind }) => kind === 'zoonode')) {
          await shows(member, authority, `CN=renewed-${member.sid}`)
        }
        await load.goesOn(WRITES, TIMEOUT_MS)
        if ((await ensemble.leader()) !== leader) throw new Error('another server leads')
        for (const member of ensemble.members.filter(({ kind }) => kind === 'zoonode')) {
          const ended = /^.*connection with .* ended.*$/m.exec(member.log().slice(lengths.get(member) ?? 0))?.[0]
          if (ended !== undefined) throw new Error(`${member.name}: ${ended}`)
        }
        await failOver(ensemble, load)
      })
    )
  } finally {
    await ensemble.killAll()
  }
}

async function shows(member: Member, authority: Authority, subject: string): Promise<void> {
  const { host, electionPort } = member.address
  await waitFor(`${member.name} to show its new certificate`, TIMEOUT_MS, async () =>
    (await subjectAt(host, electionPort, authority, 'server-1')) === subject ? true : null
  )
}

/** Whose certificate a port shows. @throws Error if there is no TLS, or it is of another authority */
function subjectAt(host: string, port: number, authority: Authority, as: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host, port, ...authority.pem(as) }, () => {
      const subject = socket.getPeerX509Certificate()?.subject ?? ''
      socket.destroy()
      resolve(subject)
    })
    socket.on('error', reject)
  })
}

const OBSERVERS: readonly MemberPlan[] = [
  { sid: 4, kind: 'apache', role: 'observer' },
  { sid: 5, kind: 'zoonode', role: 'observer' }
]

export const TLS_ENSEMBLES = [
  { name: 'zoonode leads Apache and zoonode', members: participants('apache', 'zoonode', 'zoonode'), leader: 3 },
  { name: 'Apache leads zoonode and Apache', members: participants('zoonode', 'apache', 'apache'), leader: 3 },
  {
    name: 'observers of both kinds',
    members: [...participants('zoonode', 'apache', 'zoonode'), ...OBSERVERS],
    leader: 3
  }
]
