import { JuteError, JuteReader, type JuteWriter } from 'jute-ts'
import {
  decodeNotificationVote,
  encodeNotification,
  type NotificationVote
} from '../../../protocol/generated/election.ts'
import { highWordOfNumber, lowWordOfNumber, toNumber } from '../../../protocol/int64.ts'
import { ServerState, type Vote } from '../vote.ts'

/**
 * A message of the election port, without the length before it (quorum-protocol section 3). By its length:
 *
 * | bytes | what is in it                                                         |
 * |-------|-----------------------------------------------------------------------|
 * | < 28  | malformed                                                             |
 * | 28    | vote without peerEpoch, which is the high half of the zxid            |
 * | 40    | vote and peerEpoch; four bytes without a meaning                      |
 * | ≥ 40  | vote, peerEpoch, version; from version 2 on the configuration's text  |
 */
export interface ElectionNotification {
  /** Of the sender. */
  readonly state: ServerState
  readonly vote: Vote
  /** 0 to 2; 0 where the format has none. */
  readonly version: number
  /** Text of the sender's configuration; null before version 2. */
  readonly configText: string | null
}

/** What a non-voter puts in place of leader, zxid and peerEpoch. */
export const NO_VOTE = -(2 ** 63)
export const NO_ZXID_HI = -0x8000_0000

const VERSION = 2
const VOTE_ONLY_BYTES = 28
const WITHOUT_VERSION_BYTES = 40

/** A notification that cannot be understood; it is ignored. */
export class NotificationError extends Error {}

/**
 * Reads a notification of any version. Bytes after what the version has are ignored.
 *
 * @throws NotificationError on a length, a state, or numbers that no server sends
 */
export function decodeElectionNotification(bytes: Uint8Array): ElectionNotification {
  const reader = new JuteReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), bytes.byteLength)
  try {
    return readNotification(reader, bytes.byteLength)
  } catch (error) {
    if (error instanceof JuteError) throw new NotificationError(error.message)
    throw error
  }
}

function readNotification(reader: JuteReader, sizeBytes: number): ElectionNotification {
  const start = decodeNotificationVote(reader)
  const state = stateOf(start.state)
  if (sizeBytes === VOTE_ONLY_BYTES) {
    return { state, vote: voteOf(start, start.zxidHi), version: 0, configText: null }
  }
  const vote = voteOf(start, longNumber(reader.readInt('peerEpoch'), reader.readInt('peerEpoch')))
  if (sizeBytes === WITHOUT_VERSION_BYTES) return { state, vote, version: 0, configText: null }
  const version = reader.readInt('version')
  if (version < VERSION) return { state, vote, version, configText: null }
  const configText = reader.readString('config')
  if (configText === null) throw new NotificationError('the configuration has a negative length')
  return { state, vote, version, configText }
}

function stateOf(state: number): ServerState {
  const known = Object.values(ServerState).find((value) => value === state)
  if (known === undefined) throw new NotificationError(`unknown state ${state}`)
  return known
}

function voteOf(start: NotificationVote, peerEpoch: number): Vote {
  return {
    leader: longNumber(start.leaderHi, start.leaderLo),
    zxidHi: start.zxidHi,
    zxidLo: start.zxidLo,
    peerEpoch,
    electionEpoch: longNumber(start.electionEpochHi, start.electionEpochLo)
  }
}

/** Ids and epochs are far below 2^53; beyond, a number would stand for several. */
function longNumber(hi: number, lo: number): number {
  const value = toNumber(hi, lo)
  if (!Number.isSafeInteger(value) && value !== NO_VOTE) throw new NotificationError(`${value} is out of range`)
  return value
}

/** Writes a notification of the present version. */
export function encodeElectionNotification(
  writer: JuteWriter,
  state: ServerState,
  vote: Vote,
  configText: string
): void {
  encodeNotification(writer, {
    state,
    leaderHi: highWordOfNumber(vote.leader),
    leaderLo: lowWordOfNumber(vote.leader),
    zxidHi: vote.zxidHi,
    zxidLo: vote.zxidLo,
    electionEpochHi: highWordOfNumber(vote.electionEpoch),
    electionEpochLo: lowWordOfNumber(vote.electionEpoch),
    peerEpochHi: highWordOfNumber(vote.peerEpoch),
    peerEpochLo: lowWordOfNumber(vote.peerEpoch),
    version: VERSION,
    config: configText
  })
}
