import type { Request } from './requests.ts'

/** Opens a connection in `slot`, for a new session or to resume session number `session`. */
export interface ConnectStep {
  readonly kind: 'connect'
  readonly slot: number
  /** Number of the session in the run: a new one is given the next free number by the generator. */
  readonly session: number
  readonly resume: boolean
  /** 'right' is the session's own; 'wrong' 16 other bytes; 'short', 'null', 'empty' by their names. */
  readonly password: 'right' | 'wrong' | 'short' | 'null' | 'empty'
  readonly timeoutMs: number
  /** lastZxidSeen is the side's last zxid plus this; null sends 0. */
  readonly zxidsAhead: number | null
  /** null leaves the byte out. */
  readonly readOnly: boolean | null
  readonly protocolVersion: number
  /** Requests sent along with the ConnectRequest, before its answer is there. */
  readonly early?: readonly Request[]
}

/** Closes the slot's connection from the client's side, without closeSession. */
export interface DropStep {
  readonly kind: 'drop'
  readonly slot: number
}

/** Sends the requests in one write and waits for all answers. */
export interface RequestStep {
  readonly kind: 'requests'
  readonly slot: number
  readonly requests: readonly Request[]
  /** The connection may close or stay silent: find out which, by a ping if need be. */
  readonly settle: boolean
}

/** Sends a frame (or garbage) as it is; always settled. */
export interface RawStep {
  readonly kind: 'raw'
  readonly slot: number
  readonly hex: string
}

/** Pings every open slot, so that all events under way have come. */
export interface BarrierStep {
  readonly kind: 'barrier'
}

/**
 * A session of the shortest timeout makes some ephemeral nodes and loses its connection; both servers are waited
 * for until they have expired it.
 */
export interface ExpireStep {
  readonly kind: 'expire'
  readonly session: number
  readonly requests: readonly Request[]
}

/** Kills both servers (kill -9) and starts them again on their data; all connections are gone, sessions are not. */
export interface RestartStep {
  readonly kind: 'restart'
}

export type Step = ConnectStep | DropStep | RequestStep | RawStep | BarrierStep | ExpireStep | RestartStep

/** How many requests a step sends, for counting. */
export function requestCount(step: Step): number {
  switch (step.kind) {
    case 'requests':
      return step.requests.length
    case 'connect':
    case 'raw':
      return 1
    case 'expire':
      return step.requests.length + 1
    case 'drop':
    case 'barrier':
    case 'restart':
      return 0
  }
}
