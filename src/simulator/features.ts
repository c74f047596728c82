import { Dice } from './dice.ts'

/** What a simulation goes through beside the life of an ensemble of fixed members with plain nodes and sessions. */
export interface Features {
  /** An operator changes the membership. */
  readonly reconfig: boolean
  /** Servers beyond those of the first configuration, which may join. */
  readonly spares: number
  /** Containers and TTL nodes. */
  readonly nodeKinds: boolean
  /** Sessions are known to one server at first: for ever, or until they need an ephemeral node. */
  readonly localSessions: 'no' | 'kept' | 'upgraded'
  /** Servers without a leader serve reads, to clients that can live with that. */
  readonly readOnly: boolean
  /** Quorums are hierarchical. */
  readonly groups: boolean
  /** Observers learn from followers. */
  readonly observerMasters: boolean
  /** How many zxids each epoch has; null: all of them. */
  readonly epochTxnCount: number | null
  /** The log that the servers begin with ends near the last zxid of its epoch. */
  readonly highCounter: boolean
  /** Snapshots cannot always be written. */
  readonly badSnapshots: boolean
  /** An operator has leaders hand their lead over. */
  readonly handOvers: boolean
  /** Two voters, and an oracle that says which of them may go on alone. */
  readonly oracle: boolean
  /** Programs that come and go have the ports that servers want to listen on. */
  readonly takenPorts: boolean
  /** Subtrees have limits on how much is in them, and on how fast requests for them come. */
  readonly prefixLimits: boolean
}

export const NO_FEATURES: Features = {
  reconfig: false,
  spares: 0,
  nodeKinds: false,
  localSessions: 'no',
  readOnly: false,
  groups: false,
  observerMasters: false,
  epochTxnCount: null,
  highCounter: false,
  badSnapshots: false,
  handOvers: false,
  oracle: false,
  takenPorts: false,
  prefixLimits: false
}

/** A third of all simulations are plain ones; of the others each has some features. */
export function drawFeatures(seed: number, dice: Dice): Features {
  return withLaterFeatures(drawFirst(seed, dice), new Dice(~seed ^ LATER))
}

/** What has come later has dice of its own, so that simulations without it are what they always were. */
const LATER = 0x07ac1e

function withLaterFeatures(features: Features, dice: Dice): Features {
  const oracle = dice.chance(0.1)
  const later = { oracle, takenPorts: dice.chance(0.12), prefixLimits: dice.chance(0.12) }
  if (!oracle) return { ...features, ...later }
  // It is asked of two fixed voters by majority only, and who serves without a leader has no use for it.
  const alone = { reconfig: false, spares: 0, groups: false, readOnly: false, handOvers: false }
  return { ...features, ...alone, ...later }
}

function drawFirst(seed: number, dice: Dice): Features {
  if (dice.chance(0.33)) return NO_FEATURES
  const reconfig = dice.chance(0.5)
  const readOnly = dice.chance(0.25)
  // Who has no leader can only give local sessions.
  const localSessions = dice.weighted(readOnly ? { no: 1, kept: 1, upgraded: 3 } : { no: 6, kept: 1, upgraded: 3 })
  return {
    ...NO_FEATURES,
    reconfig,
    spares: reconfig ? dice.between(1, 3) : 0,
    nodeKinds: dice.chance(0.5),
    localSessions,
    readOnly,
    groups: dice.chance(0.2),
    observerMasters: dice.chance(0.2),
    epochTxnCount: dice.chance(0.15) ? dice.pick([5, 20, 100]) : null,
    highCounter: dice.chance(0.15),
    badSnapshots: dice.chance(0.4),
    // Servers that serve without a leader are about having none.
    handOvers: !readOnly && new Dice(~seed).chance(0.4)
  }
}
