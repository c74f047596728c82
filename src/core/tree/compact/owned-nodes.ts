import type { StatPersisted } from '../../../protocol/generated/data.ts'
import { Int64Map } from '../../../protocol/int64-map.ts'
import type { EphemeralPaths } from '../data-tree.ts'
import { type OwnerKind, type OwnerSettings, ownerKind } from '../owner-kind.ts'
import { IntRecords, NONE } from './int-records.ts'
import { isKinRecord, Kin, ownerOnly, ownerPartOf } from './kin-record.ts'
import { Field } from './node-record.ts'

const Part = { ownerHi: 0, ownerLo: 1, kind: 2, node: 3, next: 4, previous: 5 } as const
const PART_FIELD_COUNT = 6

/** Kinds as numbers. `unknown` is in no list: replay may bring an owner that means nothing. */
const Kind = { unknown: 0, session: 1, container: 2, ttl: 3 } as const

/** Nodes of one owner or kind, in the order of their creation. */
class OwnedList {
  first = NONE
  last = NONE
  size = 0
}

/**
 * The nodes that do not live for ever, with their ephemeralOwner: ephemerals by session, containers, TTL nodes. Lists are
 * linked through records, one for each such node.
 */
export class OwnedNodes {
  readonly #nodes: IntRecords
  readonly #kins: IntRecords
  readonly #settings: OwnerSettings
  readonly #pathOf: (node: number) => string
  readonly #parts = new IntRecords(PART_FIELD_COUNT)
  #bySession = new Int64Map<OwnedList>()
  #containers = new OwnedList()
  #ttls = new OwnedList()
  #ephemeralCount = 0

  /** @param kins records of `Kin` */
  constructor(nodes: IntRecords, kins: IntRecords, settings: OwnerSettings, pathOf: (node: number) => string) {
    this.#nodes = nodes
    this.#kins = kins
    this.#settings = settings
    this.#pathOf = pathOf
  }

  get ephemeralCount(): number {
    return this.#ephemeralCount
  }

  get heldBytes(): number {
    return this.#parts.heldBytes
  }

  /** Enters a new node; owner 0 costs nothing. */
  add(node: number, ownerHi: number, ownerLo: number): void {
    if (ownerHi === 0 && ownerLo === 0) return
    const kind = kindNumber(ownerKind(ownerHi, ownerLo, this.#settings))
    const part = this.#parts.allocate()
    const kin = this.#nodes.get(node, Field.kin)
    if (isKinRecord(kin)) this.#kins.set(kin, Kin.ownerPart, part)
    else this.#nodes.set(node, Field.kin, ownerOnly(part))
    this.#parts.set(part, Part.ownerHi, ownerHi)
    this.#parts.set(part, Part.ownerLo, ownerLo)
    this.#parts.set(part, Part.kind, kind)
    this.#parts.set(part, Part.node, node)
    if (kind === Kind.unknown) return
    this.#append(this.#listFor(kind, ownerHi, ownerLo), part)
    if (kind === Kind.session) this.#ephemeralCount++
  }

  /** To be called when a node goes. */
  remove(node: number): void {
    const part = this.#partOf(node)
    if (part === NONE) return
    const kind = this.#parts.get(part, Part.kind)
    if (kind !== Kind.unknown) {
      const ownerHi = this.#parts.get(part, Part.ownerHi)
      const ownerLo = this.#parts.get(part, Part.ownerLo)
      const list = this.#listFor(kind, ownerHi, ownerLo)
      this.#unlink(list, part)
      if (kind === Kind.session) {
        this.#ephemeralCount--
        if (list.size === 0) this.#bySession.delete(ownerHi, ownerLo)
      }
    }
    this.#parts.release(part)
  }

  ownerHi(node: number): number {
    const part = this.#partOf(node)
    return part === NONE ? 0 : this.#parts.get(part, Part.ownerHi)
  }

  ownerLo(node: number): number {
    const part = this.#partOf(node)
    return part === NONE ? 0 : this.#parts.get(part, Part.ownerLo)
  }

  /**
   * Copies what a stat has of it.
   * @param kin the node's `Field.kin`
   */
  readStat(kin: number, into: StatPersisted): void {
    const part = ownerPartOf(kin, this.#kins)
    into.ephemeralOwnerHi = part === NONE ? 0 : this.#parts.get(part, Part.ownerHi)
    into.ephemeralOwnerLo = part === NONE ? 0 : this.#parts.get(part, Part.ownerLo)
  }

  isEphemeral(node: number): boolean {
    return this.#kindOf(node) === Kind.session
  }

  isContainer(node: number): boolean {
    return this.#kindOf(node) === Kind.container
  }

  isTtl(node: number): boolean {
    return this.#kindOf(node) === Kind.ttl
  }

  ephemeralsOf(sessionHi: number, sessionLo: number): EphemeralPaths {
    const list = this.#bySession.get(sessionHi, sessionLo)
    return list === undefined ? NO_PATHS : this.#pathsOf(list)
  }

  forEachOwner(visit: (sessionHi: number, sessionLo: number, paths: EphemeralPaths) => void): void {
    this.#bySession.forEach((hi, lo, list) => {
      visit(hi, lo, this.#pathsOf(list))
    })
  }

  /** Containers, and then TTL nodes. */
  *aging(): Generator<number> {
    yield* this.#nodesOf(this.#containers)
    yield* this.#nodesOf(this.#ttls)
  }

  clear(): void {
    this.#parts.clear()
    this.#bySession = new Int64Map()
    this.#containers = new OwnedList()
    this.#ttls = new OwnedList()
    this.#ephemeralCount = 0
  }

  #partOf(node: number): number {
    return ownerPartOf(this.#nodes.get(node, Field.kin), this.#kins)
  }

  #kindOf(node: number): number {
    const part = this.#partOf(node)
    return part === NONE ? Kind.unknown : this.#parts.get(part, Part.kind)
  }

  #listFor(kind: number, ownerHi: number, ownerLo: number): OwnedList {
    if (kind === Kind.container) return this.#containers
    if (kind === Kind.ttl) return this.#ttls
    let list = this.#bySession.get(ownerHi, ownerLo)
    if (list === undefined) {
      list = new OwnedList()
      this.#bySession.set(ownerHi, ownerLo, list)
    }
    return list
  }

  #append(list: OwnedList, part: number): void {
    this.#parts.set(part, Part.next, NONE)
    this.#parts.set(part, Part.previous, list.last)
    if (list.last === NONE) list.first = part
    else this.#parts.set(list.last, Part.next, part)
    list.last = part
    list.size++
  }

  #unlink(list: OwnedList, part: number): void {
    const next = this.#parts.get(part, Part.next)
    const previous = this.#parts.get(part, Part.previous)
    if (previous === NONE) list.first = next
    else this.#parts.set(previous, Part.next, next)
    if (next === NONE) list.last = previous
    else this.#parts.set(next, Part.previous, previous)
    list.size--
  }

  #pathsOf(list: OwnedList): EphemeralPaths {
    return {
      size: list.size,
      [Symbol.iterator]: () => this.#paths(list)
    }
  }

  *#paths(list: OwnedList): Generator<string> {
    for (const node of this.#nodesOf(list)) yield this.#pathOf(node)
  }

  *#nodesOf(list: OwnedList): Generator<number> {
    for (let part = list.first; part !== NONE; part = this.#parts.get(part, Part.next)) {
      yield this.#parts.get(part, Part.node)
    }
  }
}

const NO_PATHS: EphemeralPaths = new Set()

function kindNumber(kind: OwnerKind | null): number {
  return kind === null || kind === 'none' ? Kind.unknown : Kind[kind]
}
