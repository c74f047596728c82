import type { ServerKind } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'
import {
  electionPortOpens,
  endOf,
  modesBecome,
  modesOf,
  type Scene,
  SETTLED_MS,
  type See,
  said,
  startAll,
  trio,
  withEnsemble
} from './scene.ts'
import { silentPort } from './taken-ports.ts'
import { listeningOf } from './tcp-table.ts'

const REFUSED = {
  apache: /Exception while listening to address/g,
  zoonode: /cannot listen on the election port/g
} as const
const TRIES = 2
const MANY_TRIES = 5
const NOBODY_SERVES_MS = 12_000

/** No address of this machine, whichever it is: of those that are for documentation. */
const FOREIGN_HOST = '192.0.2.1'

async function takenElectionPort(kind: ServerKind, folder: string, see: See): Promise<void> {
  await withEnsemble(await trio(folder, kind, 1, { electionPortBindRetry: String(TRIES) }), async (ensemble) => {
    const member = ensemble.member(1)
    const taken = await silentPort(member.address.electionPort)
    const begunMs = performance.now()
    try {
      await member.start()
      see('end', await endOf(member))
      see('tries', String(member.log().match(REFUSED[kind])?.length ?? 0))
      see('a second between tries', String(performance.now() - begunMs > (TRIES - 1) * 1_000))
      await said(
        member,
        /^zoonode: the election port cannot be opened: port \d+ of 127\.0\.0\.1 is in use by another program$/m
      )
    } finally {
      await taken.close()
    }
  })
}

/** Any number of tries: the server joins when the port is free at last. */
async function electionPortComesFree(kind: ServerKind, folder: string, see: See): Promise<void> {
  await withEnsemble(await trio(folder, kind, 1, { electionPortBindRetry: '0' }), async (ensemble) => {
    const member = ensemble.member(1)
    const taken = await silentPort(member.address.electionPort)
    try {
      await startAll(ensemble)
      see('the others meanwhile', await modesBecome('1 -, 2 follower, 3 leader', ensemble.members))
      await waitFor('many tries', SETTLED_MS, async () => {
        return (member.log().match(REFUSED[kind])?.length ?? 0) >= MANY_TRIES ? true : null
      })
      see('still there', String(member.isRunning))
    } finally {
      await taken.close()
    }
    see('when it is free', await modesBecome('1 follower, 2 follower, 3 leader', ensemble.members))
  })
}

async function foreignAddress(kind: ServerKind, folder: string, see: See): Promise<void> {
  await withEnsemble(await trio(folder, kind, 1, { electionPortBindRetry: '1' }), async (ensemble) => {
    const member = ensemble.member(1)
    member.configure({ 'server.1': `${FOREIGN_HOST}:${member.address.quorumPort}:${member.address.electionPort}` })
    await member.start()
    see('end', await endOf(member))
    await said(member, /^zoonode: the election port cannot be opened: 192\.0\.2\.1 is no address of this machine$/m)
  })
}

/** The one that is elected cannot open its quorum port. */
async function takenQuorumPort(kind: ServerKind, folder: string, see: See): Promise<void> {
  await withEnsemble(await trio(folder, kind, 3), async (ensemble) => {
    const member = ensemble.member(3)
    const taken = await silentPort(member.address.quorumPort)
    try {
      await startAll(ensemble)
      for (const sid of [1, 2]) await electionPortOpens(ensemble.member(sid))
      const timeoutMs = kind === 'zoonode' ? SETTLED_MS : NOBODY_SERVES_MS
      see('who serves', await modesBecome('1 follower, 2 leader, 3 follower', ensemble.members, timeoutMs))
      await said(member, /cannot listen on the quorum port/)
      see('still there', String(member.isRunning))
    } finally {
      await taken.close()
    }
    await waitFor('all to serve', SETTLED_MS, async () =>
      (await modesOf(ensemble.members)).includes('-') ? null : true
    )
    see('when it is free', 'all serve')
  })
}

async function listening(kind: ServerKind, folder: string, see: See, isOnAll: boolean): Promise<void> {
  const config = { quorumListenOnAllIPs: String(isOnAll) }
  await withEnsemble(await trio(folder, kind, 3, config), async (ensemble) => {
    await startAll(ensemble)
    see('roles', await modesBecome('1 follower, 2 follower, 3 leader', ensemble.members))
    const { pid, address } = ensemble.member(3)
    const hosts = listeningOf(pid ?? 0)
    see('election port of the leader', hosts.get(address.electionPort) ?? 'closed')
    see('quorum port of the leader', hosts.get(address.quorumPort) ?? 'closed')
    see('client port of the leader', hosts.get(address.clientPort) ?? 'closed')
  })
}

/** Ports between servers that are taken, or are where nobody looks for them. */
export const PORT_SCENES: readonly Scene[] = [
  { name: 'the election port is taken', isQuick: true, run: takenElectionPort },
  { name: 'the election port is taken for a while', run: electionPortComesFree },
  { name: "the own line has another machine's address", run: foreignAddress },
  {
    name: 'the quorum port of the elected one is taken',
    differs: { 'who serves': '1 follower, 2 leader, 3 follower' },
    run: takenQuorumPort
  },
  { name: 'quorumListenOnAllIPs=false', run: (kind, folder, see) => listening(kind, folder, see, false) },
  { name: 'quorumListenOnAllIPs=true', run: (kind, folder, see) => listening(kind, folder, see, true) }
]
