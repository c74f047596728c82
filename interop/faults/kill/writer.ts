import {
  BadVersionError,
  ConnectionLossError,
  type Stat,
  type TransactionResult,
  ZooKeeper,
  type ZooKeeperEvents
} from '../../../src/client/index.ts'
import type { Random } from '../power-cut/random.ts'
import { type Change, type Entry, type FoundNode, Ledger } from './ledger.ts'
import type { SharedNames } from './shared-names.ts'

const SESSION_TIMEOUT_MS = 60_000
const RECONNECT_DELAY_MS_MAX = 50
const NODE_COUNT_MAX = 60
const OUTSTANDING_COUNT_MAX = 40
/** A version that no node has: makes a transaction fail. */
const WRONG_VERSION = 1_000_000
/** Some data span several pages of the log. */
const BIG_DATA_LENGTH = 30_000

/**
 * One client that writes as fast as answers come, over a folder of its own: creates, sequential ones, sets, deletes,
 * transactions that succeed and that fail, ephemerals; and sequential nodes in a folder that all share.
 */
export class Writer {
  readonly name: string
  readonly #client: ZooKeeper
  readonly #random: Random
  readonly #shared: SharedNames
  readonly #ledger = new Ledger()
  /** Creates sent under the folder: the next sequence number. */
  #counter = 0
  #acknowledgedCounter = 0
  #isWriting = false
  #inFlight = 0
  #nextToken = 0
  #acknowledgements = 0
  #problem: string | null = null
  #idle: () => void = () => undefined

  constructor(connectString: string, name: string, random: Random, shared: SharedNames) {
    this.name = name
    this.#random = random
    this.#shared = shared
    this.#client = new ZooKeeper(connectString, {
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      reconnectDelayMsMax: RECONNECT_DELAY_MS_MAX
    })
    this.#client.on('state', this.#onState)
  }

  get acknowledgements(): number {
    return this.#acknowledgements
  }

  /** Highest zxid that an answer has shown. */
  get lastZxid(): bigint {
    return this.#client.lastZxid
  }

  /** What went wrong, or null. */
  get problem(): string | null {
    return this.#problem
  }

  get #folder(): string {
    return `/${this.name}`
  }

  /** Waits for the session, new or resumed. @throws ZkError if that takes too long */
  async connected(timeoutMs: number): Promise<void> {
    await this.#client.connected(timeoutMs)
  }

  async makeFolder(): Promise<void> {
    await this.#client.create(this.#folder)
  }

  /** Goes on until the connection is lost, or `rest`. */
  start(): void {
    this.#isWriting = true
    this.#pump()
  }

  /** Sends no more; resolves when nothing is on its way. */
  async rest(): Promise<void> {
    this.#isWriting = false
    if (this.#inFlight === 0) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }

  /**
   * Compares what the server shows with the ledger, after a start.
   *
   * @throws ZkError if the server is gone again
   */
  async verify(): Promise<void> {
    const before = this.#client.lastZxid
    const { children, stat } = await this.#client.getChildren2(this.#folder)
    const paths = children.map((name) => `${this.#folder}/${name}`)
    const nodes = await Promise.all(paths.map((path) => this.#client.getData(path)))
    const found = new Map<string, FoundNode>()
    for (const [index, path] of paths.entries()) {
      const node = nodes[index]
      if (node !== undefined) found.set(path, { data: node.data?.toString() ?? '', stat: node.stat })
    }
    const owned = await this.#client.getEphemerals(this.#folder)
    this.#check(this.#client.lastZxid >= before, `the zxid went back from ${before} to ${this.#client.lastZxid}`)
    const counter = (stat.cversion + stat.numChildren) / 2
    const low = this.#acknowledgedCounter
    const isInRange = counter >= low && counter <= this.#counter
    this.#check(isInRange, `the counter is ${counter}, acknowledged ${low}, sent ${this.#counter}`)
    this.#counter = this.#acknowledgedCounter = counter
    const sessionId = this.#client.session?.id ?? 0n
    const problem = this.#ledger.settle(found, sessionId)
    this.#check(problem === null, problem ?? '')
    const ephemerals = [...this.#ledger.acknowledged].filter(([, node]) => node.isEphemeral).map(([path]) => path)
    const isSame = owned.toSorted().join() === ephemerals.toSorted().join()
    this.#check(isSame, `the session owns ${owned}, must be ${ephemerals}`)
  }

  async close(): Promise<void> {
    this.#isWriting = false
    this.#client.off('state', this.#onState)
    await this.#client.close({ keepSession: true })
  }

  readonly #onState = (...[state]: ZooKeeperEvents['state']): void => {
    if (state !== 'connected') this.#isWriting = false
    this.#check(state !== 'expired', 'the session expired, though it was resumed in time')
  }

  #check(holds: boolean, what: string): void {
    if (!holds) this.#problem ??= `${this.name}: ${what}`
  }

  #pump(): void {
    while (this.#isWriting && this.#inFlight < OUTSTANDING_COUNT_MAX && this.#problem === null) this.#sendOne()
  }

  #sendOne(): void {
    const dice = this.#random.below(100)
    if (dice < 12) this.#sendShared()
    else if (dice < 18) this.#sendFailing()
    else if (dice < 32) this.#sendTransaction()
    else this.#sendSingle()
  }

  #sendSingle(): void {
    const change = this.#change(new Set())
    const { path } = change
    if (change.kind === 'delete') this.#follow([change], this.#client.delete(path), () => [])
    else if (change.kind === 'setData') {
      this.#follow([change], this.#client.setData(path, change.data), (stat) => [[path, stat]])
    } else this.#sendCreate(change)
  }

  /** With a number from the server where the name would be the same: it must be the number that is due. */
  #sendCreate(change: Extract<Change, { kind: 'create' }>): void {
    const isSequential = this.#random.chance(0.6)
    const number = String(this.#counter++).padStart(10, '0')
    const asked = isSequential ? `${this.#folder}/s-` : `${this.#folder}/n-${number}`
    const path = isSequential ? asked + number : asked
    const plain = change.isEphemeral ? 'ephemeral' : 'persistent'
    const mode = isSequential ? (`${plain}Sequential` as const) : plain
    const made = this.#client.create2(asked, change.data, { mode })
    this.#follow([{ ...change, path }], made, (created) => {
      this.#check(created.path === path, `the server made ${created.path}, due was ${path}`)
      this.#acknowledgedCounter++
      return [[path, created.stat]]
    })
  }

  #sendTransaction(): void {
    const transaction = this.#client.transaction()
    const changes: Change[] = []
    const touched = new Set<string>()
    let creates = 0
    for (let left = 2 + this.#random.below(4); left > 0; left--) {
      let change = this.#change(touched)
      if (change.kind === 'create') {
        change = { ...change, path: `${this.#folder}/t-${String(this.#counter++).padStart(10, '0')}` }
        creates++
        transaction.create(change.path, change.data, { mode: change.isEphemeral ? 'ephemeral' : 'persistent' })
      } else if (change.kind === 'setData') transaction.setData(change.path, change.data)
      else transaction.delete(change.path)
      touched.add(change.path)
      changes.push(change)
    }
    this.#follow(changes, transaction.commit(), (results) => {
      this.#acknowledgedCounter += creates
      return results.flatMap((result, index) => statsOf(result, changes[index]))
    })
  }

  /** Changes of which none may be seen, since the last operation fails. */
  #sendFailing(): void {
    const transaction = this.#client.transaction()
    const [existing] = this.#ledger.sent.keys()
    transaction.create(`${this.#folder}/never`, this.#data())
    if (existing !== undefined) transaction.setData(existing, this.#data())
    transaction.check(this.#folder, WRONG_VERSION)
    const unexpected = (): [] => {
      this.#check(false, 'a transaction with a wrong version succeeded')
      return []
    }
    this.#follow([], transaction.commit(), unexpected, BadVersionError)
  }

  #sendShared(): void {
    const token = this.#shared.send(`${this.name}-${this.#nextToken++}`)
    const made = this.#client.create(`${this.#shared.folder}/${this.#random.chance(0.5) ? 'x-' : ''}`, token, {
      mode: 'persistentSequential'
    })
    this.#follow([], made, (path) => {
      this.#check(this.#shared.acknowledge(token, path), `${path} was given twice`)
      return []
    })
  }

  /** A change that must succeed after all that was sent before it; creates get their path from the caller. */
  #change(taken: ReadonlySet<string>): Change {
    const paths = [...this.#ledger.sent.keys()].filter((path) => !taken.has(path))
    const path = paths[this.#random.below(Math.max(1, paths.length))]
    const dice = this.#random.below(10)
    if (path === undefined || (dice < 4 && paths.length < NODE_COUNT_MAX)) {
      return { kind: 'create', path: '', data: this.#data(), isEphemeral: this.#random.chance(0.3) }
    }
    return dice < 7 ? { kind: 'setData', path, data: this.#data() } : { kind: 'delete', path }
  }

  #data(): string {
    const token = `${this.name}-${this.#nextToken++}`
    return this.#random.chance(0.01) ? token.padEnd(BIG_DATA_LENGTH, '.') : token
  }

  /** @param failure the error that must come, if one must */
  #follow<T>(
    changes: readonly Change[],
    answer: Promise<T>,
    statsOfAnswer: (value: T) => [string, Stat][],
    failure: typeof BadVersionError | null = null
  ): void {
    const entry: Entry = this.#ledger.send(changes)
    const acknowledge = (stats: [string, Stat][]): void => {
      this.#acknowledgements++
      this.#ledger.acknowledge(entry, new Map(stats))
    }
    this.#inFlight++
    answer
      .then(
        (value) => acknowledge(statsOfAnswer(value)),
        (error: unknown) => {
          // Whether it was done is settled by the next verification.
          if (error instanceof ConnectionLossError) this.#isWriting = false
          else if (failure !== null && error instanceof failure) acknowledge([])
          else throw error
        }
      )
      .catch((error: unknown) => this.#check(false, String(error)))
      .finally(() => {
        this.#inFlight--
        if (this.#inFlight === 0) this.#idle()
        this.#pump()
      })
  }
}

function statsOf(result: TransactionResult, change: Change | undefined): [string, Stat][] {
  const hasStat = result.kind === 'create' || result.kind === 'setData'
  return hasStat && change !== undefined ? [[change.path, result.stat]] : []
}
