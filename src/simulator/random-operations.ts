import { CreateMode } from '../protocol/op-code.ts'
import type { CommittedHistory } from './checkers/committed-history.ts'
import type { CreateOperation, Operation, SingleWrite } from './client-operation.ts'
import type { Dice } from './dice.ts'

const PARENTS = ['/a', '/b', '/c']
const PATHS = [...PARENTS, '/a/x', '/a/y', '/b/x', '/b/y/z', '/b/y', '/e']

/** Makes requests that often succeed and often meet each other. */
export class RandomOperations {
  readonly #dice: Dice
  readonly #history: CommittedHistory
  readonly #hasKinds: boolean
  #count = 0

  /** @param hasKinds whether there are containers and TTL nodes */
  constructor(dice: Dice, history: CommittedHistory, hasKinds: boolean) {
    this.#hasKinds = hasKinds
    this.#dice = dice
    this.#history = history
  }

  next(): Operation {
    const dice = this.#dice
    const kind = dice.weighted({ write: 45, read: 40, sync: 5, multi: 7, addWatch: 3 })
    switch (kind) {
      case 'write':
        if (this.#hasKinds && dice.chance(0.25)) return this.#createOfKind()
        return this.#write() as Exclude<SingleWrite, { kind: 'check' }>
      case 'read':
        return {
          kind: dice.pick(['getData', 'exists', 'getChildren2'] as const),
          path: this.#anyPath(),
          watch: dice.chance(0.4)
        }
      case 'sync':
        return { kind, path: '/' }
      case 'multi':
        return {
          kind,
          operations: Array.from({ length: dice.between(1, 4) }, () =>
            dice.chance(0.2)
              ? { kind: 'check' as const, path: this.#anyPath(), version: this.#version('/a') }
              : this.#write()
          )
        }
      default:
        return { kind, path: dice.pick(['/', ...PARENTS]), mode: dice.below(2) }
    }
  }

  #write(): SingleWrite {
    const dice = this.#dice
    const kind = dice.weighted({ create: 40, setData: 40, delete: 20 })
    if (kind === 'create') return this.#create()
    const path = this.#anyPath()
    const version = this.#version(path)
    return kind === 'delete' ? { kind, path, version } : { kind, path, data: this.#data(), version }
  }

  #create(): SingleWrite {
    const dice = this.#dice
    const isSequential = dice.chance(0.35)
    const isEphemeral = dice.chance(0.4)
    const path = isSequential ? `${dice.pick(PARENTS)}/n-` : dice.pick(PATHS)
    const kept = isSequential ? CreateMode.persistentSequential : CreateMode.persistent
    const gone = isSequential ? CreateMode.ephemeralSequential : CreateMode.ephemeral
    const isParent = PARENTS.includes(path)
    const flags = isEphemeral && !isParent ? gone : kept
    return { kind: 'create', path, data: this.#data(), flags, withStat: dice.chance(0.5) }
  }

  /** Containers often where others make children. */
  #createOfKind(): CreateOperation {
    const dice = this.#dice
    const data = this.#data()
    if (dice.chance(0.5)) {
      const path = dice.pick(['/a', '/c', '/b/y', '/b/x'])
      return { kind: 'create', path, data, flags: CreateMode.container, withStat: true }
    }
    const isSequential = dice.chance(0.5)
    const path = isSequential ? `${dice.pick(PARENTS)}/t-` : dice.pick(PATHS)
    const flags = isSequential ? CreateMode.persistentSequentialWithTtl : CreateMode.persistentWithTtl
    return { kind: 'create', path, data, flags, withStat: true, ttlMs: dice.pick([50, 200, 1000, 5000]) }
  }

  /** Mostly one that there is. */
  #anyPath(): string {
    const dice = this.#dice
    if (dice.chance(0.6)) return dice.pick(PATHS)
    const parent = dice.pick(PARENTS)
    const children = this.#history.tree.at(parent, this.#history.length)?.children ?? []
    return children.length === 0 ? parent : `${parent}/${dice.pick(children)}`
  }

  #version(path: string): number {
    const dice = this.#dice
    const version = this.#history.tree.at(path, this.#history.length)?.version ?? 0
    return dice.weighted({ any: 4, right: 4, wrong: 1 }) === 'any' ? -1 : dice.chance(0.85) ? version : version + 1
  }

  #data(): Buffer {
    return Buffer.from(`${++this.#count}${'.'.repeat(this.#dice.below(40))}`)
  }
}
