import type { EnsemblePeer } from '../core/ensemble/ensemble-peer.ts'
import type { SessionTable } from '../core/session/session-table.ts'
import type { DataTree } from '../core/tree/data-tree.ts'
import type { DiskFaults } from './disk.ts'

/** Faults planted in the world, to see that they are found. */
export interface Sabotage {
  readonly disk?: DiskFaults
  /** What a server sends to one client at the end of a step, changed. */
  readonly output?: (frames: readonly Buffer[]) => readonly Buffer[]
  /** Is called after each step of a server, with its clocks. */
  readonly stepped?: (process: SabotagedProcess, nowMs: number, wallMs: number) => void
}

/** What can be reached of a server. */
export interface SabotagedProcess {
  readonly sid: number
  readonly member: EnsemblePeer | null
  readonly sessions: SessionTable
  readonly tree: DataTree
}
