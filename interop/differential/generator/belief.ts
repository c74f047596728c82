import type { Event, Plain, Reply } from '../replies.ts'
import type { Request } from '../requests.ts'
import type { Observation } from '../side.ts'
import type { Step } from '../steps.ts'
import type { Random } from './random.ts'

interface BelievedNode {
  version: number
  aversion: number
  readonly session: number | null
}

/**
 * What the generator thinks is in the tree, learned from the left side's answers. It only steers the choice of paths
 * and versions, so that enough requests succeed; it may be wrong without harm.
 */
export class Belief {
  readonly #nodes = new Map<string, BelievedNode>()
  readonly #order: string[] = []
  readonly #index = new Map<string, number>()

  get nodeCount(): number {
    return this.#order.length
  }

  version(path: string): number {
    return this.#nodes.get(path)?.version ?? 0
  }

  aversion(path: string): number {
    return this.#nodes.get(path)?.aversion ?? 0
  }

  /** A path believed to exist; '/' when none is known. */
  anyPath(random: Random): string {
    return this.#order.length === 0 ? '/' : random.pick(this.#order)
  }

  /** Learns from the answers to `step`, sent by `session`. */
  observe(step: Step, observations: readonly Observation[], session: number | null): void {
    if (step.kind !== 'requests') return
    const replies = (observations[0]?.seen ?? []).filter((seen): seen is Reply => seen.kind === 'reply')
    step.requests.forEach((request, at) => {
      const reply = replies[at]
      if (reply !== undefined) this.#learn(request, reply.err, reply.body, session)
    })
    for (const observation of observations) {
      for (const seen of observation.seen) if (seen.kind === 'event') this.#learnFromEvent(seen)
    }
  }

  #learnFromEvent(event: Event): void {
    if (event.type === 2 && event.path !== null) this.#remove(event.path)
  }

  #learn(request: Request, err: number, body: Plain, session: number | null): void {
    const path = textOf(request.fields?.path)
    if (err === -101 && path !== null && request.op !== 1 && request.op !== 15) this.#remove(path)
    if (err !== 0) return
    const stat = statOf(body)
    switch (request.op) {
      case 1:
      case 15:
      case 19:
      case 21:
        this.#add(textOf(field(body, 'path')), request, session)
        return
      case 2:
      case 20:
        if (path !== null) this.#remove(path)
        return
      case 14:
        this.#learnMulti(request, body, session)
        return
      case -11:
        for (const [known, node] of this.#nodes) if (node.session === session) this.#remove(known)
        return
      default:
        if (path !== null && stat !== null) this.#refresh(path, stat)
    }
  }

  #learnMulti(request: Request, body: Plain, session: number | null): void {
    const ops = request.fields?.ops
    const results = field(body, 'results')
    if (!Array.isArray(ops) || !Array.isArray(results)) return
    ops.forEach((part: Request, at) => {
      const result = results[at] as Plain
      const type = field(result, 'type')
      if (type !== -1 && type !== null) this.#learn(part, 0, field(result, 'result'), session)
    })
  }

  #add(path: string | null, request: Request, session: number | null): void {
    if (path === null || this.#nodes.has(path)) return
    const flags = Number(request.fields?.flags)
    this.#nodes.set(path, { version: 0, aversion: 0, session: flags === 1 || flags === 3 ? session : null })
    this.#index.set(path, this.#order.length)
    this.#order.push(path)
  }

  #refresh(path: string, stat: { version: number; aversion: number }): void {
    const node = this.#nodes.get(path)
    if (node === undefined) return
    node.version = stat.version
    node.aversion = stat.aversion
  }

  #remove(path: string): void {
    const at = this.#index.get(path)
    if (at === undefined) return
    const last = this.#order.pop()
    if (last !== undefined && last !== path) {
      this.#order[at] = last
      this.#index.set(last, at)
    }
    this.#index.delete(path)
    this.#nodes.delete(path)
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function field(value: Plain, name: string): Plain {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null
  return (value as { readonly [key: string]: Plain })[name] ?? null
}

function statOf(body: Plain): { version: number; aversion: number } | null {
  const stat = field(body, 'version') === null ? field(body, 'stat') : body
  const version = field(stat, 'version')
  const aversion = field(stat, 'aversion')
  return typeof version === 'number' && typeof aversion === 'number' ? { version, aversion } : null
}
