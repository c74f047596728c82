import type { EnsembleSettings } from '../core/ensemble/ensemble-settings.ts'
import type { CoreSettings } from '../core/pipeline/core-settings.ts'
import type { EnsembleConfig } from '../core/zab/membership/ensemble-config.ts'
import type { Dice } from './dice.ts'

export const TICK_MS = 100

/** What may go wrong, by how often it does. */
export const FAULT_KINDS = {
  crash: 6,
  crashMany: 1,
  crashInStep: 3,
  restart: 8,
  partition: 3,
  isolate: 3,
  oneWay: 3,
  healOne: 4,
  healAll: 3,
  breakLink: 5,
  breakElection: 4,
  slowLink: 3,
  stall: 4,
  slowDisk: 2,
  fullDisk: 1,
  goodDisk: 3,
  wallJump: 1,
  leaderCrash: 3,
  leaderIsolation: 2,
  cutClients: 2
} as const
export type FaultKind = keyof typeof FAULT_KINDS

/** Everything about a simulation that is chosen before it begins. */
export interface Scenario {
  readonly voters: number
  readonly observers: number
  readonly clients: number
  /** How long things go wrong, ms. */
  readonly chaosMs: number
  /** Mean time between two faults, ms. */
  readonly faultEveryMs: number
  readonly faults: Readonly<Record<FaultKind, number>>
  readonly linkDelayMs: readonly [number, number]
  readonly diskSyncMs: readonly [number, number]
  /** Mean time between two requests of a client, ms. */
  readonly thinkMs: number
  readonly commitLogCount: number
  readonly commitLogBytes: number
  /** Greatest difference of a machine's clock rate from 1. */
  readonly clockDrift: number
  readonly core: CoreSettings
  readonly ensemble: Omit<EnsembleSettings, 'sid'>
}

export interface ScenarioChoices {
  readonly servers?: number | undefined
  readonly chaosMs?: number | undefined
}

/** Draws a scenario. */
export function drawScenario(dice: Dice, { servers, chaosMs }: ScenarioChoices): Scenario {
  const voters = servers ?? Number(dice.weighted({ 3: 8, 5: 2 }))
  const faults = Object.fromEntries(
    Object.entries(FAULT_KINDS).map(([kind, weight]) => [kind, dice.chance(0.3) ? 0 : weight * dice.next()])
  ) as Record<FaultKind, number>
  const delay = dice.pick([0.2, 1, 5, 15])
  const sync = dice.pick([0.5, 2, 10, 30])
  return {
    voters,
    observers: Number(dice.weighted({ 0: 7, 1: 2, 2: 1 })),
    clients: dice.between(2, 5),
    chaosMs: chaosMs ?? 14_000,
    faultEveryMs: dice.pick([150, 400, 800, 2000]),
    faults: { ...faults, restart: FAULT_KINDS.restart, healAll: FAULT_KINDS.healAll },
    linkDelayMs: [delay / 4, delay],
    diskSyncMs: [sync / 5, sync],
    thinkMs: dice.pick([25, 60, 150]),
    commitLogCount: dice.pick([1, 10, 50, 500]),
    commitLogBytes: dice.pick([1, 2000, 1 << 24]),
    clockDrift: dice.pick([0, 0, 0.01, 0.05]),
    core: drawCoreSettings(dice),
    ensemble: drawEnsembleSettings(dice)
  }
}

function drawCoreSettings(dice: Dice): CoreSettings {
  return {
    serverId: 0,
    tickTimeMs: TICK_MS,
    minSessionTimeoutMs: 2 * TICK_MS,
    maxSessionTimeoutMs: 20 * TICK_MS,
    juteMaxBufferBytes: 1048575,
    juteExtraSizeBytes: 1048575,
    globalOutstandingLimit: dice.pick([1000, 1000, 5]),
    requestThrottleMax: 0,
    requestThrottleStallMs: 100,
    requestThrottleDropStale: true,
    requestStaleLatencyCheck: false,
    requestStaleConnectionCheck: true,
    throttledOpWaitTimeMs: 0,
    largeRequestThresholdBytes: 0,
    largeRequestMaxBytes: 104857600,
    connectionThrottle: {
      tokensMax: 0,
      fillTimeMs: 1,
      fillCount: 1,
      weightEnabled: false,
      globalSessionWeight: 3,
      renewSessionWeight: 2
    },
    extendedTypesEnabled: true,
    enforceQuota: false,
    digestEnabled: true,
    closeSessionTxnEnabled: true,
    localSessionsEnabled: false,
    localSessionsUpgradingEnabled: false,
    reconfigEnabled: false,
    enforceAuthEnabled: false,
    enforceAuthSchemes: [],
    maxBatchSize: dice.pick([1, 10, 1000]),
    flushDelayMs: dice.pick([0, 0, 0, 20]),
    maxWriteQueuePollTimeMs: 10,
    snapCount: dice.pick([8, 40, 200, 100_000]),
    snapSizeLimitBytes: 0,
    containerCheckIntervalMs: 60_000,
    containerMaxPerMinute: 10_000,
    containerMaxNeverUsedIntervalMs: 0,
    audit: null
  }
}

function drawEnsembleSettings(dice: Dice): Omit<EnsembleSettings, 'sid'> {
  return {
    tickTimeMs: TICK_MS,
    initLimitTicks: 10,
    syncLimitTicks: 5,
    minNotificationIntervalMs: 200,
    maxNotificationIntervalMs: 800,
    maxConcurrentSnapSyncs: dice.pick([1, 10]),
    maxConcurrentDiffSyncs: dice.pick([1, 100]),
    forceSnapshotSync: dice.chance(0.05),
    snapshotSizeFactor: dice.pick([-1, 0.33, 0.33]),
    reconfigEnabled: false,
    maxTimeToWaitForEpochMs: -1,
    dataBytesMax: 1 << 26,
    leaderServes: !dice.chance(0.05),
    standaloneEnabled: false,
    multiAddressEnabled: false,
    readOnlyModeEnabled: false
  }
}

/** Servers 1 to `voters` vote, those after them observe. */
export function configOf({ voters, observers }: Scenario): EnsembleConfig {
  const members = Array.from({ length: voters + observers }, (_, index) => ({
    id: index + 1,
    addresses: [{ host: `10.0.0.${index + 1}`, quorumPort: 2888, electionPort: 3888 }],
    role: index < voters ? ('participant' as const) : ('observer' as const),
    clientAddress: null,
    clientPort: null,
    secureClientAddress: null,
    secureClientPort: null
  }))
  return { members, groups: [], weights: new Map(), version: 0n }
}
