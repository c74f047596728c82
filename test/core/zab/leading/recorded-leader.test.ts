import { describe, expect, test } from '@jest/globals'
import { type RecordedLeader, Replay } from './recorded-leader.ts'

const MEMBERS = `server.1=127.0.0.1:22011:22012:participant;127.0.0.1:22010
server.2=127.0.0.1:22021:22022:participant;127.0.0.1:22020
server.3=127.0.0.1:22031:22032:participant;127.0.0.1:22030
server.4=127.0.0.1:22041:22042:observer;127.0.0.1:22040
`
const FIRST_FILES = [
  '01-first-start',
  '02-broadcast',
  '03-observer-joins',
  '03b-session-moved',
  '04-diff-sync',
  '05-snap-sync'
]

const LIVES: readonly (RecordedLeader & { readonly name: string; readonly connectionCount: number })[] = [
  {
    name: 'first start, broadcast, an observer, DIFF and SNAP',
    sid: 2,
    files: FIRST_FILES,
    connections: [89, 300],
    connectionCount: 5,
    acceptedEpoch: 0,
    currentEpoch: 0,
    lastLogged: 0n,
    historyFiles: [],
    configText: `${MEMBERS}version=0`
  },
  {
    name: 'a new epoch and TRUNC',
    sid: 3,
    files: ['06-new-epoch-and-trunc'],
    connections: [314, 400],
    connectionCount: 2,
    acceptedEpoch: 1,
    currentEpoch: 1,
    lastLogged: 0x10000005dn,
    historyFiles: FIRST_FILES,
    configText: `${MEMBERS}version=100000000`
  },
  {
    name: 'SNAP across epochs, reconfigurations, removal of the leader',
    sid: 2,
    files: ['06b-new-epoch-and-snap', '07-reconfig', '08-reconfig-remove-leader'],
    connections: [410, 476],
    connectionCount: 4,
    acceptedEpoch: 2,
    currentEpoch: 2,
    lastLogged: 0x10000005dn,
    // It had been cut back by TRUNC before, and loaded from its snapshot: nothing was left in memory.
    historyFiles: [],
    configText: `${MEMBERS}version=100000000`
  },
  {
    name: 'the designated leader',
    sid: 3,
    files: ['08-reconfig-remove-leader'],
    connections: [476, 500],
    connectionCount: 3,
    acceptedEpoch: 3,
    currentEpoch: 3,
    lastLogged: 0x30000000an,
    historyFiles: ['06b-new-epoch-and-snap', '07-reconfig', '08-reconfig-remove-leader'],
    configText:
      'server.3=127.0.0.1:22031:22032:participant;127.0.0.1:22030\nserver.4=127.0.0.1:22041:22042:participant;127.0.0.1:22040\nversion=30000000a'
  }
]

describe('a leader writes what the recorded one wrote, byte for byte but for pings', () => {
  test.each(LIVES)('$name', (life) => {
    const replay = new Replay(life)

    expect(replay.written).toEqual(replay.recorded)
    expect(replay.recorded.size).toBe(life.connectionCount)
  })
})
