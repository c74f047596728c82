import type { Ensemble } from '../harness/ensemble.ts'
import type { Member } from '../harness/member.ts'
import type { ServerKind } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'
import { asLongAs, lifetimesMs } from './durations.ts'
import {
  joinLast,
  modesBecome,
  type Scene,
  SETTLED_MS,
  type See,
  said,
  startAll,
  TICK_MS,
  trio,
  withEnsemble,
  written
} from './scene.ts'
import { deadPort, type SilentPort, silentPort } from './taken-ports.ts'

const ROUNDS = 2
const CNX_TIMEOUT_MS = 1_500
const SYNC_LIMIT = 4

/** The server line of `member` as `viewer` has it, with one port another one. */
function misplace(viewer: Member, member: Member, ports: Partial<Record<'quorumPort' | 'electionPort', number>>): void {
  const { host, quorumPort, electionPort } = { ...member.address, ...ports }
  viewer.configure({ [`server.${member.sid}`]: `${host}:${quorumPort}:${electionPort}:participant` })
}

/** An election port that does not answer: how long a server waits for it, and whether it does without. */
async function cnxTimeout(kind: ServerKind, folder: string, see: See): Promise<void> {
  const config = { cnxTimeout: String(CNX_TIMEOUT_MS) }
  await withEnsemble(await trio(folder, kind, 3, config), async (ensemble) => {
    const [one, two, tested] = [ensemble.member(1), ensemble.member(2), ensemble.member(3)]
    const dead = await deadPort()
    try {
      misplace(tested, two, { electionPort: dead.port })
      await startAll(ensemble, [two])
      const lasted = await lifetimesMs(
        ({ state, remotePort }) => state === 'connecting' && remotePort === dead.port,
        1,
        SETTLED_MS
      )
      see('an attempt lasts', asLongAs(lasted, CNX_TIMEOUT_MS))
      see('the others meanwhile', await modesBecome('1 follower, 3 leader', [one, tested]))
      await said(tested, /cannot connect to server 2 at its election address .*: no answer within 1500 ms/)
    } finally {
      await dead.close()
    }
  })
}

/** A leader's port that does not answer. */
async function connectLimit(
  kind: ServerKind,
  folder: string,
  see: See,
  config: Readonly<Record<string, string>>,
  ticks: number
): Promise<void> {
  await withEnsemble(await trio(folder, kind, 1, config), async (ensemble) => {
    const tested = ensemble.member(1)
    const dead = await deadPort()
    try {
      misplace(tested, ensemble.member(3), { quorumPort: dead.port })
      see('the others', await joinLast(ensemble, tested))
      const lasted = await lifetimesMs(
        ({ state, remotePort }) => state === 'connecting' && remotePort === dead.port,
        ROUNDS,
        SETTLED_MS
      )
      see('an attempt lasts', asLongAs(lasted, ticks * TICK_MS))
      await said(tested, /looks for a leader: .*connect/)
      see('it serves', (await tested.mode()) ?? 'nobody')
    } finally {
      await dead.close()
    }
  })
}

/** A leader that takes the connection and says nothing, as one that stands still does. */
async function silentLeader(kind: ServerKind, folder: string, see: See): Promise<void> {
  const initLimit = 4
  await withEnsemble(await trio(folder, kind, 1, { initLimit: String(initLimit) }), async (ensemble) => {
    const tested = ensemble.member(1)
    const silent = await silentPort()
    try {
      misplace(tested, ensemble.member(3), { quorumPort: silent.port })
      see('the others', await joinLast(ensemble, tested))
      see('a connection lasts', asLongAs(await overAndOver(silent), initLimit * TICK_MS))
      await said(tested, /looks for a leader: /)
    } finally {
      await silent.close()
    }
  })
}

async function overAndOver(silent: SilentPort): Promise<readonly number[]> {
  return waitFor('connections to end', SETTLED_MS, async () =>
    silent.lastedMs.length >= ROUNDS ? silent.lastedMs : null
  )
}

/** The elected one waits for followers, who look for it elsewhere. */
async function lonelyLeader(kind: ServerKind, folder: string, see: See): Promise<void> {
  const initLimit = 4
  await withEnsemble(await trio(folder, kind, 3, { initLimit: String(initLimit) }), async (ensemble) => {
    const tested = ensemble.member(3)
    const silent = await silentPort()
    try {
      for (const sid of [1, 2]) misplace(ensemble.member(sid), tested, { quorumPort: silent.port })
      await startAll(ensemble)
      const { quorumPort } = tested.address
      const lasted = await lifetimesMs(
        ({ state, localPort }) => state === 'listening' && localPort === quorumPort,
        ROUNDS,
        SETTLED_MS
      )
      see('its port is open', asLongAs(lasted, initLimit * TICK_MS))
      see('who serves', await modesBecome('1 -, 2 -, 3 -', ensemble.members))
      await said(tested, /looks for a leader: timeout while waiting for/)
    } finally {
      await silent.close()
    }
  })
}

/** Members stand still for longer than syncLimit, each in turn, and go on. */
async function stalls(kind: ServerKind, folder: string, see: See): Promise<void> {
  await withEnsemble(await trio(folder, kind, 3, { syncLimit: String(SYNC_LIMIT) }), async (ensemble) => {
    const [one, tested] = [ensemble.member(1), ensemble.member(3)]
    await startAll(ensemble)
    see('at first', await modesBecome('1 follower, 2 follower, 3 leader', ensemble.members))
    // Before the first write of an epoch, who has joined last may have the better vote.
    see('a write', await written(ensemble))
    see('a follower that stands still is let go after', await letGoAfter(one, tested))
    await said(tested, /learner 1 at .*: nothing was heard of it in time/)
    one.resume()
    see('the follower is back', await modesBecome('1 follower, 2 follower, 3 leader', ensemble.members))

    tested.pause()
    see('a leader that stands still is replaced', await modesBecome('1 follower, 2 leader', others(ensemble, tested)))
    await said(ensemble.member(2), /looks for a leader: heard nothing from leader 3 in time/)
    tested.resume()
    see('the former leader is back', await modesBecome('1 follower, 2 leader, 3 follower', ensemble.members))

    see('as a follower it is let go after', await letGoAfter(tested, ensemble.member(2)))
    tested.resume()
    see('as a follower it is back', await modesBecome('1 follower, 2 leader, 3 follower', ensemble.members))
  })
}

function others(ensemble: Ensemble, not: Member): Member[] {
  return ensemble.members.filter((member) => member !== not)
}

/** Stops a follower, and waits until its leader counts one less. */
async function letGoAfter(follower: Member, leader: Member): Promise<string> {
  await waitFor('two followers in sync', SETTLED_MS, async () => ((await followersOf(leader)) === 2 ? true : null))
  const begunMs = performance.now()
  follower.pause()
  await waitFor('the leader to let a follower go', SETTLED_MS, async () => {
    return (await followersOf(leader)) === 1 ? true : null
  })
  // A leader looks at its followers twice in a tick, and what it heard last may be a tick old.
  return asLongAs([performance.now() - begunMs], SYNC_LIMIT * TICK_MS)
}

async function followersOf(leader: Member): Promise<number> {
  return Number(/^zk_synced_followers\t(\d+)/m.exec((await leader.ask('mntr')) ?? '')?.[1] ?? -1)
}

/** What is waited for, and for how long. */
export const LIMIT_SCENES: readonly Scene[] = [
  { name: 'cnxTimeout', run: cnxTimeout },
  {
    name: 'connectToLearnerMasterLimit',
    run: (kind, folder, see) =>
      connectLimit(kind, folder, see, { connectToLearnerMasterLimit: '3', initLimit: '20' }, 3)
  },
  {
    name: 'connectToLearnerMasterLimit is not set',
    run: (kind, folder, see) => connectLimit(kind, folder, see, { initLimit: '5' }, 5)
  },
  { name: 'initLimit: the leader says nothing', run: silentLeader },
  { name: 'initLimit: no follower comes', run: lonelyLeader },
  { name: 'syncLimit: members stand still', run: stalls }
]
