import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import type { Vote } from '../vote.ts'

/** What the election asks of the world around it. All calls are made within a call of the election. */
export interface ElectionHost {
  /**
   * Sends an election message (the payload of a frame of the election port) to a server, this one excepted. Only the
   * newest one to each server matters. The bytes are valid during the call only.
   */
  sendNotification(to: number, bytes: Uint8Array): void
  /** The election is over: this server follows, observes or leads as the vote says. Nothing more is called for it. */
  elected(vote: Vote): void
  /**
   * A notification brought a configuration with a higher version while looking. The host makes it its own, if reconfig is
   * enabled, and gives it back by `Election.setConfiguration`, at once or later; until then it may come again.
   */
  configurationLearnt(config: EnsembleConfig): void
  /**
   * A voter looks for a leader while this server has one, or leads.
   *
   * @param isInLaterRound in a round behind that of this server's leader: it has not just missed the outcome
   */
  voterLooks?(sid: number, isInLaterRound: boolean): void
  log(level: 'info' | 'warn' | 'debug', message: string): void
}
