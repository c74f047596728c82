import type { ElectionHost } from '../../../../src/core/zab/election/election-host.ts'
import {
  decodeElectionNotification,
  type ElectionNotification
} from '../../../../src/core/zab/election/notification.ts'
import type { EnsembleConfig } from '../../../../src/core/zab/membership/ensemble-config.ts'
import type { Vote } from '../../../../src/core/zab/vote.ts'

interface Sent {
  readonly to: number
  readonly bytes: Buffer
}

/** Records what an election asks for. */
export class FakeElectionHost implements ElectionHost {
  readonly sent: Sent[] = []
  readonly elections: Vote[] = []
  readonly learnt: EnsembleConfig[] = []
  readonly lines: string[] = []
  /** Voters that were heard to look while this server had settled. */
  readonly lookingVoters: { readonly sid: number; readonly isInLaterRound: boolean }[] = []
  /** Called for each configuration learnt. */
  onLearnt: ((config: EnsembleConfig) => void) | null = null

  sendNotification(to: number, bytes: Uint8Array): void {
    this.sent.push({ to, bytes: Buffer.from(bytes) })
  }

  elected(vote: Vote): void {
    this.elections.push(vote)
  }

  configurationLearnt(config: EnsembleConfig): void {
    this.learnt.push(config)
    this.onLearnt?.(config)
  }

  voterLooks(sid: number, isInLaterRound: boolean): void {
    this.lookingVoters.push({ sid, isInLaterRound })
  }

  log(level: string, message: string): void {
    this.lines.push(`${level} ${message}`)
  }

  /** What was sent since the last call, as `to: state leader/zxid/peerEpoch/round`, in order. */
  takeSent(): string[] {
    return this.sent.splice(0).map(({ to, bytes }) => `${to}: ${summary(decodeElectionNotification(bytes))}`)
  }
}

const STATES = ['LOOKING', 'FOLLOWING', 'LEADING', 'OBSERVING']

function summary({ state, vote }: ElectionNotification): string {
  const { leader, zxidHi, zxidLo, peerEpoch, electionEpoch } = vote
  const fields = leader < 0 ? ['nobody'] : [leader, `${zxidHi}:${zxidLo >>> 0}`, `epoch ${peerEpoch}`]
  return [STATES[state], ...fields, `round ${electionEpoch}`].join(' ')
}
