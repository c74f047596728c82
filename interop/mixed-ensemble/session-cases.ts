import {
  ConnectionLossError,
  connect,
  SessionMovedError,
  type WatchedEvent,
  ZooKeeper
} from '../../src/client/index.ts'
import type { Member } from '../harness/member.ts'
import { waitFor } from '../harness/wait-for.ts'

/** What clients of two members may expect of them. Each throws what is wrong. */

const TIMEOUT_MS = 60_000
const SESSION_TIMEOUT_MS = 8_000
const XIDS_APART = 5
const OPTIONS = { sessionTimeoutMs: SESSION_TIMEOUT_MS, requestTimeoutMs: TIMEOUT_MS } as const

/** A session goes from one member to another and back: its ephemeral stays, and the connection that it left writes no more. */
export async function sessionMoves(from: Member, to: Member): Promise<void> {
  const path = `/moved-${from.sid}-${to.sid}`
  const first = await connect(from.connectString, OPTIONS)
  await first.create(path, from.name, { mode: 'ephemeral' })
  // A learner knows its request by session and xid when it comes back committed: two connections must not use the same xids.
  for (let count = 0; count < XIDS_APART; count++) await first.exists(path)
  const session = first.session
  if (session === null) throw new Error('there is no session')

  const second = await connect(to.connectString, { ...OPTIONS, session })
  check(second.session?.id === session.id, `${to.name} gave another session`)
  check((await second.getEphemerals('/')).join() === path, `the session does not own ${path} on ${to.name}`)
  await second.setData(path, to.name)
  const left = await first.setData(path, 'by the connection that the session left').then(
    () => 'it wrote',
    (error: unknown) =>
      error instanceof SessionMovedError || error instanceof ConnectionLossError ? null : String(error)
  )
  await first.close({ keepSession: true })
  check(left === null, `the old connection on ${from.name}: ${left}`)

  const third = await connect(from.connectString, { ...OPTIONS, session })
  await third.sync(path)
  const { data, stat } = await third.getData(path)
  check(data?.toString() === to.name, `${path} has ${data?.toString()}`)
  check(stat.ephemeralOwner === session.id, `${path} is of ${stat.ephemeralOwner}`)
  await second.close({ keepSession: true })
  await third.setData(path, 'back')
  await third.close()
  await onMember(to, async (zk) => {
    await zk.sync('/')
    check((await zk.exists(path)) === null, `${path} outlived its session`)
  })
}

/** Watches on one member tell of what is written through another, once, before the data are seen. */
export async function watchesFire(at: Member, writing: Member): Promise<void> {
  const path = `/watched-${at.sid}-${writing.sid}`
  await onMember(at, (watcher) =>
    onMember(writing, async (writer) => {
      const events: string[] = []
      const note = (event: WatchedEvent): void => void events.push(`${event.type} ${event.path}`)
      await watcher.exists(path, { watch: note })
      await watcher.addWatch('/', 'persistentRecursive', (event) => {
        if (event.path.startsWith(path)) events.push(`recursive ${event.type} ${event.path}`)
      })
      await writer.create(path)
      await writer.create(`${path}/child`)
      await writer.delete(`${path}/child`)
      await writer.delete(path)
      await watcher.sync(path)
      check((await watcher.exists(path)) === null, `${path} is seen after sync`)
      // A reply that shows a change comes after the events of the change.
      const expected = [
        `nodeCreated ${path}`,
        `recursive nodeCreated ${path}`,
        `recursive nodeCreated ${path}/child`,
        `recursive nodeDeleted ${path}/child`,
        `recursive nodeDeleted ${path}`
      ]
      check(events.toSorted().join('\n') === expected.toSorted().join('\n'), `events: ${events.join(', ')}`)
    })
  )
}

/** A read after sync sees what another member has acknowledged. */
export async function syncCatchesUp(at: Member, writing: Member): Promise<void> {
  const path = `/synced-${at.sid}-${writing.sid}`
  await onMember(at, (reader) =>
    onMember(writing, async (writer) => {
      await writer.create(path)
      for (let round = 1; round <= 20; round++) {
        await writer.setData(path, String(round))
        await reader.sync(path)
        const { data } = await reader.getData(path)
        check(data?.toString() === String(round), `${round} was written, sync and read gave ${data?.toString()}`)
      }
      await writer.delete(path)
    })
  )
}

/** The leader takes away what is due: TTL znodes, empty containers, and what expired sessions owned. */
export async function dueZnodesGo(through: Member, seenAt: Member): Promise<void> {
  const abandoned = await connect(through.connectString, { ...OPTIONS, sessionTimeoutMs: 1_500 })
  await abandoned.create('/due-ephemeral', null, { mode: 'ephemeral' })
  await abandoned.close({ keepSession: true })
  await onMember(through, async (zk) => {
    await zk.create('/due-ttl', 't', { mode: 'persistentWithTtl', ttlMs: 300 })
    await zk.create('/due-ttl-', 't', { mode: 'persistentSequentialWithTtl', ttlMs: 300 })
    await zk.create('/due-container', 'c', { mode: 'container' })
    await zk.create('/due-container/child')
    await zk.delete('/due-container/child')
  })
  await onMember(seenAt, async (zk) => {
    const gone = async () => ((await zk.getChildren('/')).some((name) => name.startsWith('due-')) ? null : true)
    await waitFor(`what is due to go on ${seenAt.name}`, TIMEOUT_MS, gone)
  })
}

async function onMember<T>(member: Member, act: (zk: ZooKeeper) => Promise<T>): Promise<T> {
  const zk = new ZooKeeper(member.connectString, OPTIONS)
  try {
    await zk.connected(TIMEOUT_MS)
    return await act(zk)
  } finally {
    await zk.close()
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}
