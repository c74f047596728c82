import type { IntArena } from './int-arena.ts'

/** Circular, doubly linked lists through two adjoining fields of an arena's records: next, then previous. */
export class Ring {
  readonly #arena: IntArena
  readonly #nextField: number
  readonly #previousField: number

  constructor(arena: IntArena, nextField: number) {
    this.#arena = arena
    this.#nextField = nextField
    this.#previousField = nextField + 1
  }

  next(record: number): number {
    return this.#arena.get(record, this.#nextField)
  }

  previous(record: number): number {
    return this.#arena.get(record, this.#previousField)
  }

  /** Makes a list of one. */
  start(record: number): void {
    this.#link(record, record)
  }

  /** Puts `record`, which is in no list, in front of `other`; in front of the first means at the end. */
  insertBefore(record: number, other: number): void {
    this.#link(this.previous(other), record)
    this.#link(record, other)
  }

  /** Takes `record` out of a list that has others. */
  unlink(record: number): void {
    this.#link(this.previous(record), this.next(record))
  }

  #link(record: number, next: number): void {
    this.#arena.set(record, this.#nextField, next)
    this.#arena.set(next, this.#previousField, record)
  }
}
