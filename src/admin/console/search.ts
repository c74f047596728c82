import { NoAuthError, NoNodeError } from '../../client/errors.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'
import { childPath } from '../../protocol/path.ts'
import { newPause } from '../slices.ts'
import type { Job } from './jobs.ts'
import { type ConsoleCall, type ConsoleJob, parameter } from './route.ts'
import { unlessRefused } from './unless-refused.ts'

/** Names below a znode that have children, and are not looked into yet. */
interface Group {
  readonly parent: string
  readonly names: readonly string[]
  next: number
}

const VISITS_MAX = 10_000_000
const RESULTS_MAX = 200
const LISTINGS = 64
/** A znode with more children is walked over instead of listed. */
const LISTED_MAX = 1_000
/** With more names than that to be looked into, the newest are taken first: that makes them fewer. */
const CROWDED_COUNT = 200_000
/** More of them are not looked into. */
const WAITING_MAX = 1_000_000
const TIME_MAX_MS = 120_000

/** What looks through the tree, with the permissions of whoever asks. */
export const searchJobs: ReadonlyMap<string, ConsoleJob> = new Map([
  ['search', { method: 'GET', needsLogin: false, run: search }]
])

async function search(call: ConsoleCall, job: Job): Promise<unknown> {
  const text = parameter(call.query, 'text').toLowerCase()
  return new TreeSearch(call, await call.client(), text, job).run(call.query.get('path') ?? '/')
}

/**
 * Znodes whose name contains a text, nearest first as far as there is room for it. It ends at a number of nodes, of results,
 * by time, or when it is stopped.
 */
class TreeSearch {
  readonly #call: ConsoleCall
  readonly #zk: ZooKeeper
  readonly #text: string
  readonly #job: Job
  readonly #endMs = performance.now() + TIME_MAX_MS
  readonly #found: string[] = []
  #groups: Group[] = []
  /** Groups before this one are done with. */
  #head = 0
  #waitingCount = 0
  #visitCount = 0
  /** Whether something was left out for want of room. */
  #isCut = false
  readonly #pause = newPause()

  constructor(call: ConsoleCall, zk: ZooKeeper, text: string, job: Job) {
    this.#call = call
    this.#zk = zk
    this.#text = text
    this.#job = job
  }

  async run(root: string): Promise<unknown> {
    this.#tell()
    await this.#lookInto([root])
    while (this.#waitingCount > 0 && this.#goesOn()) await this.#lookInto(this.#some())
    return { ...this.#state(), isComplete: this.#waitingCount === 0 && this.#hasRoom() && !this.#isCut }
  }

  #hasRoom(): boolean {
    return this.#found.length < RESULTS_MAX && this.#visitCount < VISITS_MAX
  }

  #goesOn(): boolean {
    return this.#hasRoom() && !this.#job.signal.aborted && performance.now() < this.#endMs
  }

  async #lookInto(paths: readonly string[]): Promise<void> {
    const counts = paths.map((path) => this.#call.target.childCount(path))
    const few = paths.filter((_, index) => (counts[index] ?? 0) <= LISTED_MAX)
    const lists = await Promise.all(few.map((path) => unlessHidden(() => this.#zk.getChildren(path))))
    for (const [index, names] of lists.entries()) {
      this.#take(few[index] ?? '/', (names ?? []).sort())
      await this.#pause()
    }
    for (const [index, path] of paths.entries()) {
      if ((counts[index] ?? 0) > LISTED_MAX && this.#goesOn()) await unlessHidden(() => this.#walkOver(path))
    }
    this.#tell()
    // Whole turns for the server's clients in between.
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Where there are a few children. */
  #take(parent: string, names: readonly string[]): void {
    const { target } = this.#call
    const parents: string[] = []
    for (const name of names) {
      if (!this.#hasRoom()) break
      this.#visit(parent, name)
      if (target.childCount(childPath(parent, name)) > 0) parents.push(name)
    }
    this.#wait(parent, parents)
  }

  async #walkOver(path: string): Promise<void> {
    for await (const { names, childCounts } of this.#call.walks.slices(this.#call, this.#zk, path)) {
      const parents: string[] = []
      for (const [index, name] of names.entries()) {
        if (!this.#hasRoom()) break
        this.#visit(path, name)
        if ((childCounts[index] ?? 0) > 0) parents.push(name)
      }
      this.#wait(path, parents)
      this.#tell()
      if (this.#goesOn()) continue
      this.#isCut = true
      break
    }
  }

  #visit(parent: string, name: string): void {
    this.#visitCount++
    if (name.toLowerCase().includes(this.#text)) this.#found.push(childPath(parent, name))
  }

  #wait(parent: string, names: readonly string[]): void {
    if (names.length === 0) return
    if (this.#waitingCount + names.length > WAITING_MAX) {
      this.#isCut = true
      return
    }
    this.#groups.push({ parent, names, next: 0 })
    this.#waitingCount += names.length
  }

  #some(): string[] {
    const paths: string[] = []
    while (paths.length < LISTINGS) {
      const isCrowded = this.#waitingCount > CROWDED_COUNT
      if (this.#head >= this.#groups.length) break
      const group = isCrowded ? this.#groups.at(-1) : this.#groups[this.#head]
      if (group === undefined) break
      const name = group.names[group.next++]
      if (name === undefined) {
        if (isCrowded) this.#groups.pop()
        else this.#skip()
        continue
      }
      this.#waitingCount--
      paths.push(childPath(group.parent, name))
    }
    return paths
  }

  #skip(): void {
    if (++this.#head < 1024) return
    this.#groups = this.#groups.slice(this.#head)
    this.#head = 0
  }

  #tell(): void {
    this.#job.tell(this.#state())
  }

  #state(): { readonly paths: readonly string[]; readonly visitCount: number } {
    return { paths: this.#found, visitCount: this.#visitCount }
  }
}

/** Null for a node that has gone, or may not be read. */
function unlessHidden<T>(work: () => Promise<T>): Promise<T | null> {
  return unlessRefused(work, NoNodeError, NoAuthError)
}
