import type { Server, ServerKind, ServerSettings } from './server.ts'

export const CASE_STATUSES = ['passed', 'failed', 'skipped'] as const
export type CaseStatus = (typeof CASE_STATUSES)[number]

/** What one case of a suite came to on one server. */
export interface CaseResult {
  readonly name: string
  readonly status: CaseStatus
  /** Why it failed or was skipped. */
  readonly detail: string
  /** What the case saw, if both servers have to show the very same; the report compares it. */
  readonly observed: string | null
}

/** What a suite gets for a run against one server, which has been started on fresh data unless the suite starts its own. */
export interface SuiteRun {
  readonly server: Server
  /** Only the quick part was asked for. */
  readonly quick: boolean
  /** An empty folder of this run; kept when a case fails. */
  readonly folder: string
  record(result: CaseResult): void
}

/**
 * How servers are arranged that a client's cases run against: one by itself; one of an ensemble, to which all clients of the cases connect; or
 * all of an ensemble, over which they are spread.
 */
export type Arrangement = 'standalone' | 'member' | 'spread'

/** What the cases of a client need of what they run against. */
export interface ServerUnderTest {
  readonly kind: ServerKind
  readonly arrangement: Arrangement
  readonly connectString: string
  /** Whether all is there that should be. */
  readonly isRunning: boolean
  /**
   * Starts what was ended; resolves when clients are served again.
   *
   * @param place of a server in the connect string, from 1; for programs that know the servers one by one
   */
  start(place?: number): Promise<void>
  /** As `kill -9` does. */
  kill(place?: number): Promise<void>
  /** In order. */
  stop(): Promise<void>
}

/** What the suite of a client gets, which runs against one server as well as against an ensemble. */
export interface ClientRun extends Omit<SuiteRun, 'server'> {
  readonly server: ServerUnderTest
}

/** One set of cases around one real client. */
export interface Suite {
  readonly name: string
  /** Whether `--quick` includes it. */
  readonly isQuick: boolean
  readonly settings: ServerSettings
  /** It starts servers of both kinds by itself: it runs once, the server of its {@link SuiteRun} is not started, and nothing is compared. */
  readonly startsOwnServers?: boolean
  /**
   * Downloads and compiles what the suite needs, at no cost when that was done before.
   *
   * @throws SuiteUnavailableError if this machine cannot have it
   */
  prepare(): Promise<void>
  run(run: SuiteRun): Promise<void>
}

/** A suite whose cases are all a client's and ask nothing else of the server than {@link ServerUnderTest} has. */
export interface ClientSuite extends Suite {
  run(run: ClientRun): Promise<void>
}

/** The machine lacks something that the harness cannot bring; the suite is skipped and the reason is shown. */
export class SuiteUnavailableError extends Error {}
