import { Int64Map } from '../../protocol/int64-map.ts'
import { isContainerDone, isTtlOver } from './lifetime.ts'
import type { PlainNode } from './plain-node.ts'

/** The nodes that do not live for ever: ephemerals by session, containers, TTL nodes. */
export class LifetimeIndex {
  #ephemerals = new Int64Map<Set<string>>()
  readonly #containers = new Set<PlainNode>()
  readonly #ttls = new Set<PlainNode>()
  #ephemeralCount = 0

  get ephemeralCount(): number {
    return this.#ephemeralCount
  }

  add(node: PlainNode): void {
    if (node.kind === 'session') this.#addEphemeral(node)
    else if (node.kind === 'container') this.#containers.add(node)
    else if (node.kind === 'ttl') this.#ttls.add(node)
  }

  #addEphemeral(node: PlainNode): void {
    const { ephemeralOwnerHi: hi, ephemeralOwnerLo: lo } = node
    let paths = this.#ephemerals.get(hi, lo)
    if (paths === undefined) {
      paths = new Set()
      this.#ephemerals.set(hi, lo, paths)
    }
    paths.add(node.path)
    this.#ephemeralCount++
  }

  remove(node: PlainNode): void {
    if (node.kind === 'session') this.#removeEphemeral(node)
    else if (node.kind === 'container') this.#containers.delete(node)
    else if (node.kind === 'ttl') this.#ttls.delete(node)
  }

  #removeEphemeral(node: PlainNode): void {
    const { ephemeralOwnerHi: hi, ephemeralOwnerLo: lo } = node
    const paths = this.#ephemerals.get(hi, lo)
    if (paths === undefined || !paths.delete(node.path)) return
    this.#ephemeralCount--
    if (paths.size === 0) this.#ephemerals.delete(hi, lo)
  }

  clear(): void {
    this.#ephemerals = new Int64Map()
    this.#containers.clear()
    this.#ttls.clear()
    this.#ephemeralCount = 0
  }

  ephemeralsOf(sessionHi: number, sessionLo: number): ReadonlySet<string> {
    return this.#ephemerals.get(sessionHi, sessionLo) ?? NO_PATHS
  }

  forEachOwner(visit: (sessionHi: number, sessionLo: number, paths: ReadonlySet<string>) => void): void {
    this.#ephemerals.forEach(visit)
  }

  /** @see `ContainerManager.getCandidates` */
  reapCandidates(wallMs: number, maxNeverUsedMs: number): string[] {
    const paths: string[] = []
    for (const node of this.#containers) if (isContainerDone(node, wallMs, maxNeverUsedMs)) paths.push(node.path)
    for (const node of this.#ttls) if (isTtlOver(node, wallMs)) paths.push(node.path)
    return paths
  }

  /** Whether `reapCandidates` would name this node. */
  isReapable(node: PlainNode, wallMs: number, maxNeverUsedMs: number): boolean {
    if (this.#containers.has(node)) return isContainerDone(node, wallMs, maxNeverUsedMs)
    return this.#ttls.has(node) && isTtlOver(node, wallMs)
  }
}

const NO_PATHS: ReadonlySet<string> = new Set()
