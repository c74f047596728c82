import type { Request } from '../requests.ts'
import type { Observation } from '../side.ts'
import type { ConnectStep, Step } from '../steps.ts'
import type { Blob } from '../wire/wire-writer.ts'
import { Belief } from './belief.ts'
import { mangledRequest } from './mangled.ts'
import { multi, multiRead } from './multi.ts'
import { orderlyRequest, singleRequest } from './operations.ts'
import { Random } from './random.ts'
import { DIGEST_USERS, newPath, type World } from './values.ts'

const SLOT_COUNT = 6
const STEPS_PER_BARRIER = 100
// Long enough that no session but an `expire` step's ends by itself while a run lasts.
const TIMEOUTS_MS = [3_600_000, 7_200_000, 10_000_000, 100_000_000]
/** Default of jute.maxbuffer. */
const FRAME_SIZE_MAX = 1_048_575
const UNKNOWN_TYPES = [0, -1, 10, 13, 23, 24, 50, 99, 108, 1000, -2, -12, 0x7fffffff, -0x80000000]
const BROKEN_FRAMES = [
  'ffffffff',
  'fffffffe',
  '80000000',
  '7fffffff',
  '00100001',
  '00000000',
  '0000000100',
  '000000040000000a'
]

export interface GeneratorOptions {
  /** Send many requests at once, now and then. Not where answers depend on what is applied already, as with quotas. */
  readonly bursts: boolean
  /**
   * Write to the nodes of quotas. Not where servers are started twice: totals that clients wrote are counted anew when a snapshot is loaded, and
   * Apache ZooKeeper makes one at each start.
   */
  readonly quotas: boolean
}

interface SlotState {
  session: number | null
  readonly world: World
}

/**
 * Makes the steps of a run from its seed. What it makes next depends on the seed and on what the left side answered,
 * so one seed gives one sequence as long as the left side behaves the same.
 */
export class SequenceGenerator {
  readonly #options: GeneratorOptions
  readonly #random: Random
  readonly #belief = new Belief()
  readonly #slots: readonly SlotState[]
  readonly #detached: number[] = []
  readonly #ended: number[] = []
  #sessionCount = 0
  #stepCount = 0

  constructor(seed: string, options: GeneratorOptions = { bursts: true, quotas: true }) {
    this.#options = options
    this.#random = new Random(seed)
    this.#slots = Array.from({ length: SLOT_COUNT }, () => {
      const { quotas } = options
      const world = { random: this.#random, belief: this.#belief, pipelined: false, quotas, watched: [] }
      return { session: null, world }
    })
  }

  next(): Step {
    this.#stepCount++
    if (this.#stepCount % STEPS_PER_BARRIER === 0) return { kind: 'barrier' }
    const slot = this.#random.below(SLOT_COUNT)
    const state = this.#slotState(slot)
    if (state.session === null) {
      return this.#random.chance(0.02) ? this.#brokenHandshake(slot) : this.#connect(slot)
    }
    return this.#random.weighted<() => Step>([
      [1000, () => this.#requests(slot, [this.#request(state.world, singleRequest)])],
      [this.#options.bursts ? 70 : 0, () => this.#burst(slot, state.world)],
      [14, () => this.#requests(slot, [this.#authenticate()])],
      [2.5, () => this.#requests(slot, [this.#failingAuth()], true)],
      [3, () => this.#requests(slot, [this.#sasl(this.#random.pick(['', 'x', { hex: 'ff00' }]))])],
      [0.5, () => this.#requests(slot, [this.#sasl(null)], true)],
      [4, () => this.#requests(slot, [this.#unknownType()], true)],
      [4, () => this.#requests(slot, [{ op: -11 }], true)],
      [6, () => ({ kind: 'drop', slot })],
      [4, () => this.#connect(slot)],
      [0.6, () => this.#greatestFrame(slot)],
      [1.5, () => ({ kind: 'raw', slot, hex: this.#random.pick(BROKEN_FRAMES) })]
    ])()
  }

  /** A session that makes ephemeral nodes and is left to expire. */
  expireStep(): Step {
    const { world } = this.#slotState(0)
    const requests = Array.from({ length: 4 }, (): Request => {
      const acl = [{ perms: 31, scheme: 'world', id: 'anyone' }]
      return { op: 15, fields: { path: newPath(world), data: 'e', acl, flags: this.#random.pick([1, 3]) } }
    })
    return { kind: 'expire', session: this.#sessionCount++, requests }
  }

  /** Tells the generator what the left side showed for the step that `next` gave. */
  observe(step: Step, observations: readonly Observation[]): void {
    const session = 'slot' in step ? this.#slotState(step.slot).session : null
    this.#belief.observe(step, observations, session)
    if (step.kind === 'drop') this.#detach(step.slot)
    if (step.kind === 'connect') this.#connected(step, observations[0])
    for (const { slot, end } of observations) {
      if (slot < 0 || end === undefined || end === 'open') continue
      if (step.kind === 'requests' && step.requests.at(-1)?.op === -11 && slot === step.slot) this.#endSession(slot)
      else this.#detach(slot)
    }
  }

  #slotState(slot: number): SlotState {
    const state = this.#slots[slot]
    if (state === undefined) throw new RangeError(`slot ${slot}`)
    return state
  }

  #connected(step: ConnectStep, observation: Observation | undefined): void {
    this.#detach(step.slot)
    const [seen] = observation?.seen ?? []
    const accepted = seen?.kind === 'connected' && JSON.stringify(seen.reply).includes('"session":"S')
    if (!accepted) return
    const at = this.#detached.indexOf(step.session)
    if (at >= 0) this.#detached.splice(at, 1)
    this.#slotState(step.slot).session = step.session
  }

  #detach(slot: number): void {
    const state = this.#slotState(slot)
    if (state.session !== null) this.#detached.push(state.session)
    state.session = null
  }

  #endSession(slot: number): void {
    const state = this.#slotState(slot)
    if (state.session !== null) this.#ended.push(state.session)
    state.session = null
  }

  #connect(slot: number): ConnectStep {
    const random = this.#random
    const others = this.#slots.flatMap((state, at) => (at !== slot && state.session !== null ? [state.session] : []))
    const session = random.weighted<() => number | null>([
      [40, () => null],
      [this.#detached.length > 0 ? 50 : 0, () => random.pick(this.#detached)],
      [others.length > 1 ? 4 : 0, () => random.pick(others)],
      [this.#ended.length > 0 ? 3 : 0, () => random.pick(this.#ended)]
    ])()
    const zxidsAhead = random.weighted([
      [80, 0],
      [14, -random.below(50)],
      [6, random.between(1, 1000)]
    ])
    return {
      kind: 'connect',
      slot,
      session: session ?? this.#sessionCount++,
      resume: session !== null,
      password:
        session === null
          ? random.pick(['right', 'null', 'empty', 'short'])
          : random.chance(0.92)
            ? 'right'
            : random.pick(['wrong', 'short', 'null', 'empty']),
      timeoutMs: random.pick(TIMEOUTS_MS),
      zxidsAhead: random.chance(0.5) ? null : zxidsAhead,
      readOnly: random.pick([false, false, true, null]),
      protocolVersion: random.chance(0.9) ? 0 : random.pick([1, 7, -1]),
      ...(session === null && zxidsAhead <= 0 && random.chance(0.2) ? { early: this.#early(slot) } : {})
    }
  }

  /** Requests that a client sends without waiting for its session. */
  #early(slot: number): readonly Request[] {
    const { world } = this.#slotState(slot)
    world.pipelined = true
    const requests = Array.from({ length: this.#random.between(1, 5) }, () => orderlyRequest(world))
    world.pipelined = false
    return requests
  }

  #requests(slot: number, requests: readonly Request[], settle = false): Step {
    return { kind: 'requests', slot, requests, settle }
  }

  #burst(slot: number, world: World): Step {
    const length = this.#random.between(3, 60)
    return this.#requests(
      slot,
      Array.from({ length }, () => this.#request(world, orderlyRequest))
    )
  }

  #request(world: World, ordinary: (world: World) => Request): Request {
    const request = this.#random.weighted<(w: World) => Request>([
      [84, ordinary],
      [10, multi],
      [3, multiRead],
      [3, mangledRequest]
    ])(world)
    const plain = request.xid === undefined && this.#random.chance(0.005)
    return plain ? { ...request, xid: this.#random.pick([0, -77, 0x7fffffff, -0x80000000, -3, 1]) } : request
  }

  #authenticate(): Request {
    const random = this.#random
    const [scheme, auth] = random.weighted<readonly [string, string | null]>([
      [60, ['digest', random.pick(DIGEST_USERS)]],
      [25, ['digest', 'super:admin']],
      [15, ['ip', random.pick(['', '10.0.0.1', null])]]
    ])
    return { op: 100, xid: random.chance(0.9) ? -4 : 5, fields: { authType: random.pick([0, 0, 0, 1]), scheme, auth } }
  }

  #failingAuth(): Request {
    const random = this.#random
    const scheme = random.pick(['nosuch', '', null, 'world', 'super', 'auth', 'x509', 'sasl', 'digest'])
    const auth = scheme === 'digest' ? null : random.pick(['', 'x', null])
    const request: Request = { op: 100, xid: -4, fields: { authType: 0, scheme, auth } }
    return random.chance(0.25) ? { ...request, mangle: { cut: random.between(1, 8) } } : request
  }

  /** A server without SASL settings answers a token, and closes the connection for want of one. */
  #sasl(token: Blob): Request {
    return { op: 102, fields: { token } }
  }

  #unknownType(): Request {
    return { op: this.#random.pick(UNKNOWN_TYPES), body: this.#random.chance(0.5) ? '' : this.#random.hex(12) }
  }

  /** A setData whose frame is as long as jute.maxbuffer allows, or a byte longer. */
  #greatestFrame(slot: number): Step {
    const rest = 8 + 4 + 1 + 4 + 4
    const fields = { path: '/', data: { fill: FRAME_SIZE_MAX - rest + this.#random.below(2) }, version: 12345 }
    return this.#requests(slot, [{ op: 5, fields }], true)
  }

  /** A first frame that no server takes for a ConnectRequest. */
  #brokenHandshake(slot: number): Step {
    return {
      kind: 'raw',
      slot,
      hex: this.#random.pick(['ffffffff', '7fffffff', '00000003616263', '0000000400000000', '00100000'])
    }
  }
}
