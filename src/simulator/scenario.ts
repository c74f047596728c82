import type { EnsembleSettings } from '../core/ensemble/ensemble-settings.ts'
import type { CoreSettings } from '../core/pipeline/core-settings.ts'
import type { EnsembleConfig, EnsembleMember, QuorumGroup } from '../core/zab/membership/ensemble-config.ts'
import { DEFAULT_CORE_SETTINGS } from './default-core-settings.ts'
import { Dice } from './dice.ts'
import { drawFeatures, type Features, NO_FEATURES } from './features.ts'
import { PREFIX_LIMITS } from './prefix-limits.ts'

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
/** What more may go wrong where snapshots cannot always be written. */
export const FEATURE_FAULT_KINDS = { badSnapshots: 3, crashInInstall: 3 } as const
/** What more may go wrong where others use the ports. */
export const PORT_FAULT_KINDS = { takePort: 5, takeLeadersPort: 3, freePorts: 4 } as const
export type FaultKind = keyof typeof FAULT_KINDS | keyof typeof FEATURE_FAULT_KINDS | keyof typeof PORT_FAULT_KINDS

/** Everything about a simulation that is chosen before it begins. */
export interface Scenario {
  readonly voters: number
  readonly observers: number
  /** Servers in all; those that are no members at first have the greatest sids. */
  readonly servers: number
  readonly clients: number
  /** How long things go wrong, ms. */
  readonly chaosMs: number
  /** Mean time between two faults, ms. */
  readonly faultEveryMs: number
  readonly faults: Readonly<Record<string, number>>
  readonly features: Features
  /** Zxid of the snapshot that all servers begin with; 0: they begin with nothing. */
  readonly baseZxid: number
  /** Seed of each server's compact tree, by sid; null: it has a plain one. */
  readonly treeSeeds: ReadonlyMap<number, number | null>
  /** Who belongs to the ensemble at first. */
  readonly config: EnsembleConfig
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
  /** Instead of what the seed chooses; those that are left out are off. */
  readonly features?: Partial<Features> | undefined
}

type Base = Omit<Scenario, 'features' | 'config' | 'servers' | 'baseZxid' | 'treeSeeds'>

/** The dice for features are others than those for the rest: so a simulation without features is what it always was. */
const FEATURE_DICE = 0x5eed * 2 ** 32

/** Draws a scenario. @param dice of the seed; those for what comes later, too */
export function drawScenario(seed: number, dice: Dice, choices: ScenarioChoices): Scenario {
  const base = drawBase(dice, choices)
  const featureDice = new Dice((seed % 2 ** 32) + FEATURE_DICE)
  const drawn = drawFeatures(seed, featureDice)
  const features = choices.features === undefined ? drawn : { ...NO_FEATURES, ...choices.features }
  return withFeatures(base, features, featureDice, choices)
}

function drawBase(dice: Dice, { servers, chaosMs }: ScenarioChoices): Base {
  const voters = servers ?? Number(dice.weighted({ 3: 8, 5: 2 }))
  const faults = Object.fromEntries(
    Object.entries(FAULT_KINDS).map(([kind, weight]) => [kind, dice.chance(0.3) ? 0 : weight * dice.next()])
  )
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

function withFeatures(base: Base, features: Features, dice: Dice, choices: ScenarioChoices): Scenario {
  const { reconfig, spares, nodeKinds, localSessions, readOnly, groups, observerMasters, epochTxnCount } = features
  const voters = votersOf(base, features, dice, choices)
  const observers = observerMasters ? Math.max(1, base.observers) : base.observers
  const core: CoreSettings = {
    ...base.core,
    reconfigEnabled: reconfig,
    localSessionsEnabled: localSessions !== 'no',
    localSessionsUpgradingEnabled: localSessions === 'upgraded',
    ...(nodeKinds ? { containerCheckIntervalMs: dice.pick([100, 300, 1000]) } : {}),
    ...(features.prefixLimits ? { prefixLimits: PREFIX_LIMITS } : {})
  }
  const ensemble = {
    ...base.ensemble,
    reconfigEnabled: reconfig,
    readOnlyModeEnabled: readOnly,
    ...(epochTxnCount === null ? {} : { initialCounter: LAST_COUNTER - epochTxnCount }),
    ...(observerMasters ? { observerMaster: { port: OBSERVER_MASTER_PORT, sizeLimitBytes: 1 << 25 } } : {})
  }
  const lonely = readOnly ? { isolate: 6, crashMany: 3, healAll: 0.5, healOne: 1 } : {}
  const faults = {
    ...base.faults,
    ...lonely,
    ...(features.badSnapshots ? FEATURE_FAULT_KINDS : {}),
    ...(features.takenPorts ? PORT_FAULT_KINDS : {})
  }
  const members = Array.from({ length: voters + observers }, (_, index) =>
    memberLine(index + 1, index < voters ? 'participant' : 'observer', reconfig)
  )
  const hierarchy = groups ? drawGroups(dice, voters) : { groups: [], weights: new Map<number, number>() }
  const config = { members, ...hierarchy, version: 0n }
  const servers = voters + observers + spares
  const baseZxid = features.highCounter ? 2 * EPOCH - dice.between(2, 8) : 0
  return {
    ...base,
    voters,
    observers,
    servers,
    core,
    ensemble,
    faults,
    features,
    config,
    baseZxid,
    treeSeeds: drawTreeSeeds(dice, servers)
  }
}

function votersOf(base: Base, { groups, oracle }: Features, dice: Dice, choices: ScenarioChoices): number {
  if (oracle) return 2
  return groups && choices.servers === undefined ? dice.between(4, 7) : base.voters
}

/** Servers have the one kind of tree or the other, so that both are compared wherever replicas are. */
function drawTreeSeeds(dice: Dice, servers: number): Map<number, number | null> {
  return new Map(
    Array.from({ length: servers }, (_, index) => [index + 1, dice.chance(0.5) ? dice.below(2 ** 31) : null])
  )
}

/** Zxids of an epoch. */
const EPOCH = 2 ** 32
/** Counter of the last one that a leader gives. */
const LAST_COUNTER = 0xffff_fffe

/** Where followers listen for observers. */
export const OBSERVER_MASTER_PORT = 2889
export const QUORUM_PORT = 2888

/** A member's line. Where the membership changes it needs a port for clients. */
export function memberLine(id: number, role: EnsembleMember['role'], hasClientPort: boolean): EnsembleMember {
  return {
    id,
    addresses: [{ host: `10.0.0.${id}`, quorumPort: QUORUM_PORT, electionPort: 3888 }],
    role,
    clientAddress: hasClientPort ? '0.0.0.0' : null,
    clientPort: hasClientPort ? 2181 : null,
    secureClientAddress: null,
    secureClientPort: null
  }
}

/** Two or three groups of the voters 1 to `count`; some weigh more than others, or nothing. */
export function drawGroups(dice: Dice, count: number): { groups: QuorumGroup[]; weights: Map<number, number> } {
  const sids = Array.from({ length: count }, (_, index) => index + 1)
  return groupsOf(dice, sids)
}

export function groupsOf(dice: Dice, sids: readonly number[]): { groups: QuorumGroup[]; weights: Map<number, number> } {
  const groupCount = Math.min(sids.length, dice.pick([1, 2, 3, 3]))
  const groups = Array.from({ length: groupCount }, (_, index) => ({
    id: index + 1,
    members: sids.filter((_sid, at) => at % groupCount === index)
  }))
  const weights = new Map(sids.map((sid) => [sid, dice.pick([0, 1, 1, 1, 2])]))
  // Somebody must be able to lead.
  const [first] = sids
  if (first !== undefined && [...weights.values()].every((weight) => weight === 0)) weights.set(first, 1)
  return { groups, weights }
}

function drawCoreSettings(dice: Dice): CoreSettings {
  return {
    ...DEFAULT_CORE_SETTINGS,
    serverId: 0,
    tickTimeMs: TICK_MS,
    minSessionTimeoutMs: 2 * TICK_MS,
    maxSessionTimeoutMs: 20 * TICK_MS,
    globalOutstandingLimit: dice.pick([1000, 1000, 5]),
    localSessionsUpgradingEnabled: false,
    maxBatchSize: dice.pick([1, 10, 1000]),
    flushDelayMs: dice.pick([0, 0, 0, 20]),
    maxWriteQueuePollTimeMs: 10,
    snapCount: dice.pick([8, 40, 200, 100_000])
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
