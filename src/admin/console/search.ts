import { NoAuthError, NoNodeError } from '../../client/errors.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'
import { childPath } from '../../protocol/path.ts'
import type { Job } from './jobs.ts'
import { type ConsoleCall, type ConsoleJob, parameter } from './route.ts'

/** Names below a znode that are not looked into yet. */
interface Group {
  readonly parent: string
  readonly names: readonly string[]
  next: number
}

const VISITS_MAX = 1_000_000
const RESULTS_MAX = 200
const LISTINGS = 64
/** With more names than that to be looked into, the newest are taken first: that makes them fewer. */
const WAITING_MAX = 200_000
const TIME_MAX_MS = 120_000

/** What looks through the tree, with the permissions of whoever asks. */
export const searchJobs: ReadonlyMap<string, ConsoleJob> = new Map([
  ['search', { method: 'GET', needsLogin: false, run: search }]
])

async function search({ query, client }: ConsoleCall, job: Job): Promise<unknown> {
  const text = parameter(query, 'text').toLowerCase()
  return new TreeSearch(await client(), text, job).run(query.get('path') ?? '/')
}

/**
 * Znodes whose name contains a text, nearest first as far as there is room for it. It ends at a number of nodes, of results,
 * by time, or when it is stopped.
 */
class TreeSearch {
  readonly #zk: ZooKeeper
  readonly #text: string
  readonly #job: Job
  readonly #found: string[] = []
  #groups: Group[] = []
  /** Groups before this one are done with. */
  #head = 0
  #waitingCount = 0
  #visitCount = 0

  constructor(zk: ZooKeeper, text: string, job: Job) {
    this.#zk = zk
    this.#text = text
    this.#job = job
  }

  async run(root: string): Promise<unknown> {
    const endMs = performance.now() + TIME_MAX_MS
    this.#tell()
    this.#take(root, await namesOf(this.#zk, root))
    while (this.#waitingCount > 0 && this.#hasRoom() && !this.#job.signal.aborted && performance.now() < endMs) {
      const paths = this.#some()
      const lists = await Promise.all(paths.map((path) => namesOf(this.#zk, path)))
      for (const [index, names] of lists.entries()) this.#take(paths[index] ?? root, names)
      this.#tell()
      // Whole turns for the server's clients in between.
      await new Promise((resolve) => setImmediate(resolve))
    }
    return { ...this.#state(), isComplete: this.#waitingCount === 0 && this.#hasRoom() }
  }

  #hasRoom(): boolean {
    return this.#found.length < RESULTS_MAX && this.#visitCount < VISITS_MAX
  }

  #take(parent: string, all: readonly string[]): void {
    const names = all.slice(0, VISITS_MAX - this.#visitCount)
    this.#visitCount += names.length
    for (const name of names) {
      if (this.#found.length >= RESULTS_MAX) break
      if (name.toLowerCase().includes(this.#text)) this.#found.push(childPath(parent, name))
    }
    if (names.length === 0) return
    this.#groups.push({ parent, names, next: 0 })
    this.#waitingCount += names.length
  }

  #some(): string[] {
    const paths: string[] = []
    while (paths.length < LISTINGS) {
      const isCrowded = this.#waitingCount > WAITING_MAX
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

/** By name. None of a node that has gone, or may not be read. */
async function namesOf(zk: ZooKeeper, path: string): Promise<string[]> {
  try {
    return (await zk.getChildren(path)).sort()
  } catch (error) {
    if (error instanceof NoNodeError || error instanceof NoAuthError) return []
    throw error
  }
}
