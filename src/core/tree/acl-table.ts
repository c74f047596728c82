import type { JuteWriter } from 'jute-ts'
import { type ACL, encodeACL } from '../../protocol/generated/data.ts'
import { highWordOfNumber, lowWordOfNumber } from '../../protocol/int64.ts'

/** An ACL list that nodes share. */
export interface AclEntry {
  /** Its number in snapshots: 1 and up, never used again; -1 for the built-in open list. */
  readonly key: number
  readonly list: readonly ACL[]
  /** Its place in the table, a small number: what nodes that are no objects keep. Used again once the list is dropped. */
  readonly slot: number
  /** Nodes that have it. */
  uses: number
}

/** Key of the list that nodes made at start have, which is in no table. */
const OPEN_ACL_KEY = -1

const OPEN_SLOT = 0

/** world:anyone with all permissions. */
const OPEN_ACL: readonly ACL[] = Object.freeze([{ perms: 31, id: { scheme: 'world', id: 'anyone' } }])

/** Grants nothing: stands for a list that a fuzzy snapshot names but does not have, until replay brings it. */
const UNKNOWN_ACL: readonly ACL[] = Object.freeze([{ perms: 0, id: { scheme: 'world', id: 'anyone' } }])

/**
 * The lists in use, each once; equal means the same entries in the same order.
 * @see `ReferenceCountedACLCache`
 */
export class AclTable {
  readonly open: AclEntry = { key: OPEN_ACL_KEY, list: OPEN_ACL, slot: OPEN_SLOT, uses: 0 }
  readonly #byKey = new Map<number, AclEntry>()
  readonly #byText = new Map<string, AclEntry>()
  /** The place of a list that was dropped may still hold it. */
  #bySlot: AclEntry[] = [this.open]
  #freeSlots: number[] = []
  #lastKey = 0
  /** perf: most creates use the list that the one before used, found without making its text. */
  #latest: AclEntry | null = null

  get size(): number {
    return this.#byKey.size
  }

  /** The entry at a place in use. */
  at(slot: number): AclEntry {
    return this.#bySlot[slot] as AclEntry // the caller has it from an entry in use
  }

  /** The entry of a list (null: the open one), counted as one more use. */
  intern(list: readonly ACL[] | null): AclEntry {
    if (list === null) return this.open
    const latest = this.#latest
    if (latest !== null && isSameList(latest.list, list)) {
      latest.uses++
      return latest
    }
    const text = textOf(list)
    let entry = this.#byText.get(text)
    if (entry === undefined) {
      entry = this.#enter(++this.#lastKey, frozenCopy(list))
      this.#byText.set(text, entry)
    }
    entry.uses++
    this.#latest = entry
    return entry
  }

  /** Takes one use away; an unused list is dropped. */
  release(entry: AclEntry): void {
    if (entry === this.open || --entry.uses > 0) return
    this.#drop(entry)
  }

  #enter(key: number, list: readonly ACL[]): AclEntry {
    const slot = this.#freeSlots.pop() ?? this.#bySlot.length
    const entry: AclEntry = { key, list, slot, uses: 0 }
    this.#bySlot[slot] = entry
    this.#byKey.set(key, entry)
    return entry
  }

  #drop(entry: AclEntry): void {
    this.#byKey.delete(entry.key)
    this.#freeSlots.push(entry.slot)
    const text = textOf(entry.list)
    if (this.#byText.get(text) === entry) this.#byText.delete(text)
    if (this.#latest === entry) this.#latest = null
  }

  clear(): void {
    this.#byKey.clear()
    this.#byText.clear()
    this.#bySlot = [this.open]
    this.#freeSlots = []
    this.#lastKey = 0
    this.#latest = null
  }

  /** Enters a list of a snapshot under its number there. Of two equal lists the later is the one that new nodes get. */
  load(key: number, list: readonly ACL[]): void {
    const entry = this.#enter(key, frozenCopy(list))
    this.#byText.set(textOf(list), entry)
    this.#lastKey = Math.max(this.#lastKey, key)
  }

  /** The entry that a snapshot's node names, counted as one more use. One that is not there grants nothing. */
  use(key: number): AclEntry {
    if (key === OPEN_ACL_KEY) return this.open
    let entry = this.#byKey.get(key)
    if (entry === undefined) {
      entry = this.#enter(key, UNKNOWN_ACL)
      this.#lastKey = Math.max(this.#lastKey, key)
    }
    entry.uses++
    return entry
  }

  /** Drops what a snapshot had but no node uses. */
  dropUnused(): void {
    for (const entry of [...this.#byKey.values()]) if (entry.uses === 0) this.#drop(entry)
  }

  /** Appends the table as snapshots have it: count, then key and list of each. */
  write(writer: JuteWriter): void {
    writer.writeInt(this.#byKey.size)
    for (const { key, list } of this.#byKey.values()) {
      writer.writeInt64(highWordOfNumber(key), lowWordOfNumber(key))
      writer.writeInt(list.length)
      for (const entry of list) encodeACL(writer, entry)
    }
  }
}

function isSameList(a: readonly ACL[], b: readonly ACL[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) {
    const x = a[index]
    const y = b[index]
    if (x?.perms !== y?.perms || x?.id.id !== y?.id.id || x?.id.scheme !== y?.id.scheme) return false
  }
  return true
}

/** A text that two lists share exactly if they are equal. */
function textOf(list: readonly ACL[]): string {
  return JSON.stringify(list.map(({ perms, id }) => [perms, id.scheme, id.id]))
}

/** The caller's list may be views of a request; what nodes share must not change. */
function frozenCopy(list: readonly ACL[]): readonly ACL[] {
  return Object.freeze(list.map(({ perms, id }) => ({ perms, id: { scheme: id.scheme, id: id.id } })))
}
