import type { Agenda } from './agenda.ts'
import type { Dice } from './dice.ts'

/** A place that bytes come from and go to: a server by its sid, clients by numbers that no server has. */
export type Place = number

const PLACES_MAX = 10_000

/** Delays between places, and which of them hear each other. */
export class Network {
  readonly agenda: Agenda
  readonly dice: Dice
  readonly #delayMs: readonly [number, number]
  readonly #cut = new Set<number>()
  readonly #slow = new Map<number, number>()
  /** Pipes with something that cannot arrive. */
  readonly #stuck = new Set<{ resume(): void }>()

  constructor(agenda: Agenda, dice: Dice, delayMs: readonly [number, number]) {
    this.agenda = agenda
    this.dice = dice
    this.#delayMs = delayMs
  }

  /** How long something takes from one place to another, ms. */
  delayMs(from: Place, to: Place): number {
    const delayMs = this.dice.within(this.#delayMs)
    return from === to ? delayMs / 10 : delayMs + (this.#slow.get(keyOf(from, to)) ?? 0) * this.dice.next()
  }

  /** Nothing arrives any more in this direction; it is kept, as by a sender that repeats it. */
  cut(from: Place, to: Place): void {
    this.#cut.add(keyOf(from, to))
  }

  isCut(from: Place, to: Place): boolean {
    return this.#cut.size > 0 && this.#cut.has(keyOf(from, to))
  }

  /** Whether a connection can be made. */
  canConnect(one: Place, other: Place): boolean {
    return !this.isCut(one, other) && !this.isCut(other, one)
  }

  /** What goes this way takes up to so much longer. */
  slow(from: Place, to: Place, extraMs: number): void {
    this.#slow.set(keyOf(from, to), extraMs)
  }

  /** All directions are as at the beginning. */
  heal(): void {
    this.#cut.clear()
    this.#slow.clear()
    const stuck = [...this.#stuck]
    this.#stuck.clear()
    for (const pipe of stuck) pipe.resume()
  }

  healOne(from: Place, to: Place): void {
    if (!this.#cut.delete(keyOf(from, to))) return
    const stuck = [...this.#stuck]
    this.#stuck.clear()
    for (const pipe of stuck) pipe.resume()
  }

  awaitHealing(pipe: { resume(): void }): void {
    this.#stuck.add(pipe)
  }
}

function keyOf(from: Place, to: Place): number {
  return from * PLACES_MAX + to
}

interface Underway<T> {
  readonly atMs: number
  /** Null: the end. */
  readonly item: T | null
}

/** One direction of a connection: what is sent arrives in order, later, or not at all. */
export class Pipe<T> {
  readonly #network: Network
  readonly #from: Place
  readonly #to: Place
  readonly #receive: (item: T) => void
  readonly #ended: () => void
  #underway: Underway<T>[] = []
  #lastMs = 0
  #isPumping = false
  #isOver = false

  constructor(network: Network, from: Place, to: Place, receive: (item: T) => void, ended: () => void) {
    this.#network = network
    this.#from = from
    this.#to = to
    this.#receive = receive
    this.#ended = ended
  }

  send(item: T): void {
    this.#enqueue(item)
  }

  /** The other side hears that nothing follows, after all that was sent. */
  end(): void {
    this.#enqueue(null)
  }

  /** The sender's machine has stopped: some of what is on its way still arrives, then the end. */
  cutShort(): void {
    if (this.#isOver) return
    const kept = this.#network.dice.below(this.#underway.length + 1)
    this.#underway.length = kept
    this.end()
  }

  /** Nothing arrives any more, not even the end. */
  drop(): void {
    this.#isOver = true
    this.#underway = []
  }

  /** Calls back once all that was sent so far has arrived. */
  get isEmpty(): boolean {
    return this.#underway.length === 0
  }

  resume(): void {
    this.#isPumping = false
    this.#lastMs = 0
    this.#schedule(this.#network.delayMs(this.#from, this.#to))
  }

  #enqueue(item: T | null): void {
    if (this.#isOver) return
    const { nowMs } = this.#network.agenda
    const atMs = Math.max(this.#lastMs, nowMs + this.#network.delayMs(this.#from, this.#to))
    this.#lastMs = atMs
    this.#underway.push({ atMs, item })
    if (!this.#isPumping) this.#schedule(atMs - nowMs)
  }

  #schedule(delayMs: number): void {
    this.#isPumping = true
    this.#network.agenda.after(delayMs, () => this.#pump())
  }

  #pump(): void {
    if (this.#isOver) return
    if (this.#network.isCut(this.#from, this.#to)) return this.#network.awaitHealing(this)
    const { nowMs } = this.#network.agenda
    while (!this.#isOver) {
      const [first] = this.#underway
      if (first === undefined) break
      if (first.atMs > nowMs) return this.#schedule(first.atMs - nowMs)
      this.#underway.shift()
      if (first.item === null) {
        this.drop()
        return this.#ended()
      }
      this.#receive(first.item)
    }
    this.#isPumping = false
  }
}
