import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { Election } from '../../../../src/core/zab/election/election.ts'
import { parseConfigText } from '../../../../src/core/zab/membership/config-text.ts'
import { ServerState, type Vote } from '../../../../src/core/zab/vote.ts'
import { FakeElectionHost } from './fake-election-host.ts'

interface Frame {
  readonly run: string
  readonly from: number
  readonly to: number
  readonly hex: string
}

const GOLDEN = join(__dirname, '../../../golden/ensemble')
const FRAMES = readFileSync(join(GOLDEN, 'elections.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line): Frame => JSON.parse(line))

const FIRST = readFileSync(join(GOLDEN, 'config-texts/version-0.txt'), 'utf8')
const AGREED = readFileSync(join(GOLDEN, 'config-texts/version-100000000.txt'), 'utf8')

const { following, leading, observing } = ServerState

interface Recording {
  readonly run: string
  readonly sid: number
  readonly config: string
  /** What a server that is looking starts with. */
  readonly start?: { readonly zxidHi: number; readonly zxidLo: number; readonly peerEpoch: number }
  /** Of a server that has settled before. */
  readonly settled?: { readonly state: ServerState; readonly vote: Vote }
  /** Epoch in which it serves, once it has settled. */
  readonly epoch?: number
  /** Between two frames; by default as long as it takes to make up one's mind. */
  readonly silenceMs?: number
  readonly outcome: { readonly state: ServerState; readonly leader: number }
}

const VOTE_OF_EPOCH_1: Vote = { leader: 2, zxidHi: 0, zxidLo: 0, peerEpoch: 1, electionEpoch: 1 }
const VOTE_OF_EPOCH_3: Vote = { leader: 2, zxidHi: 1, zxidLo: 93, peerEpoch: 3, electionEpoch: 1 }

const RECORDINGS: readonly Recording[] = [
  {
    run: '01-first-start',
    sid: 1,
    config: FIRST,
    start: { zxidHi: 0, zxidLo: 0, peerEpoch: 0 },
    outcome: { state: following, leader: 2 }
  },
  {
    run: '03-observer-joins',
    sid: 4,
    config: FIRST,
    start: { zxidHi: 0, zxidLo: 0, peerEpoch: 0 },
    silenceMs: 1,
    outcome: { state: observing, leader: 2 }
  },
  ...[1, 2, 3].map((sid) => settled('03-observer-joins', sid, VOTE_OF_EPOCH_1)),
  {
    run: '04-diff-sync',
    sid: 1,
    config: AGREED,
    start: { zxidHi: 1, zxidLo: 42, peerEpoch: 1 },
    outcome: { state: following, leader: 2 }
  },
  {
    run: '06-new-epoch-and-trunc',
    sid: 1,
    config: AGREED,
    start: { zxidHi: 1, zxidLo: 93, peerEpoch: 1 },
    epoch: 2,
    outcome: { state: following, leader: 3 }
  },
  {
    run: '06-new-epoch-and-trunc',
    sid: 2,
    config: AGREED,
    start: { zxidHi: 1, zxidLo: 94, peerEpoch: 1 },
    outcome: { state: following, leader: 3 }
  },
  {
    run: '06-new-epoch-and-trunc',
    sid: 3,
    config: AGREED,
    start: { zxidHi: 1, zxidLo: 93, peerEpoch: 1 },
    epoch: 2,
    outcome: { state: leading, leader: 3 }
  },
  {
    run: '07-reconfig',
    sid: 4,
    config: AGREED,
    start: { zxidHi: 3, zxidLo: 5, peerEpoch: 3 },
    outcome: { state: observing, leader: 2 }
  },
  ...[1, 2, 3].map((sid) => settled('07-reconfig', sid, VOTE_OF_EPOCH_3))
]

function settled(run: string, sid: number, vote: Vote): Recording {
  const state = sid === 2 ? leading : following
  return { run, sid, config: AGREED, settled: { state, vote }, outcome: { state, leader: 2 } }
}

/** Gives the election what the recorded server got, with silence in between. */
function replay({ run, sid, config, start, settled: before, epoch, silenceMs = 250 }: Recording) {
  const host = new FakeElectionHost()
  const settings = { sid, minNotificationIntervalMs: 200, maxNotificationIntervalMs: 60_000 }
  const election = new Election(host, settings)
  host.onLearnt = (learnt) => election.setConfiguration(learnt, null)
  election.setConfiguration(parseConfigText(config), null)
  let nowMs = 1000
  if (start !== undefined) election.look({ ...start, nowMs })
  if (before !== undefined) election.settle(before.state, before.vote)
  for (const { from, hex } of FRAMES.filter((frame) => frame.run === run && frame.to === sid)) {
    election.received(from, Buffer.from(hex, 'hex').subarray(4), nowMs)
    nowMs += silenceMs
    election.tick(nowMs)
    if (epoch !== undefined && host.elections.length > 0) election.setPeerEpoch(epoch)
  }
  return { host, election }
}

/** Without repetitions, which depend on timing. */
function withoutRepetitions(messages: readonly string[]): string[] {
  return messages.filter((message, index) => message !== messages[index - 1])
}

describe.each(RECORDINGS)('server $sid of $run', (recording) => {
  const { run, sid, outcome } = recording

  test('comes to the same end', () => {
    const { election } = replay(recording)

    expect({ state: election.state, leader: election.vote.leader }).toEqual(outcome)
  })

  const peers = [...new Set(FRAMES.filter((frame) => frame.run === run && frame.from === sid).map(({ to }) => to))]

  // The queue to a peer holds one message: some of what was sent has been replaced before it went out.
  test.each(peers)('sends server %d all that the real one sent, byte for byte and in order', (peer) => {
    const real = FRAMES.filter((frame) => frame.run === run && frame.from === sid && frame.to === peer)
    const { host } = replay(recording)

    const sent = host.sent.filter(({ to }) => to === peer).map(({ bytes }) => bytes.toString('hex'))

    const recorded = withoutRepetitions(real.map(({ hex }) => hex.slice(8)))
    expect(withoutRepetitions(sent.filter((hex) => recorded.includes(hex)))).toEqual(recorded)
    expect(sent.at(-1)).toBe(recorded.at(-1))
  })
})
