import type { DiskFaults } from './disk.ts'

/** Faults planted in the world, to see that they are found. */
export interface Sabotage {
  readonly disk?: DiskFaults
  /** Events are sent behind the replies of the same step. */
  readonly eventsLast?: boolean
}
