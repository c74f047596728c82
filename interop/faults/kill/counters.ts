import { ConnectionLossError, ZooKeeper } from '../../../src/client/index.ts'

const COUNTER_COUNT = 4
const OUTSTANDING_COUNT_MAX = 30

/**
 * Numbers that one client counts up and another one reads all the time: what was acknowledged, or only seen, is never
 * taken back, and the version tells how often it was set.
 */
export class Counters {
  readonly folder = '/counters'
  readonly #counting: ZooKeeper
  readonly #reading: ZooKeeper
  readonly #counters = Array.from({ length: COUNTER_COUNT }, () => ({ sent: 0, acknowledged: 0, seen: 0 }))
  #isRunning = false
  #inFlight = 0
  #problem: string | null = null
  #acknowledgements = 0

  constructor(connectString: string) {
    // The list of all counters grows with what a quick machine writes in a hundred lives.
    const options = { sessionTimeoutMs: 60_000, reconnectDelayMsMax: 50, frameLengthMax: 64 * 1024 * 1024 }
    this.#counting = new ZooKeeper(connectString, options)
    this.#reading = new ZooKeeper(connectString, options)
    for (const client of [this.#counting, this.#reading]) {
      client.on('state', (state) => {
        if (state !== 'connected') this.#isRunning = false
      })
    }
  }

  /** The client that may read other things as well, while nothing runs. */
  get reader(): ZooKeeper {
    return this.#reading
  }

  get problem(): string | null {
    return this.#problem
  }

  get acknowledgements(): number {
    return this.#acknowledgements
  }

  get lastZxid(): bigint {
    return this.#counting.lastZxid
  }

  async connected(timeoutMs: number): Promise<void> {
    await this.#counting.connected(timeoutMs)
    await this.#reading.connected(timeoutMs)
  }

  async makeFolder(): Promise<void> {
    await this.#counting.create(this.folder)
    for (const index of this.#counters.keys()) await this.#counting.create(this.#path(index), '0')
  }

  start(): void {
    this.#isRunning = true
    this.#pump()
    for (const index of this.#counters.keys()) this.#read(index)
  }

  /** @throws ZkError if the server is gone again */
  async verify(): Promise<void> {
    for (const [index, counter] of this.#counters.entries()) {
      const { value, version } = await this.#get(index)
      const low = Math.max(counter.acknowledged, counter.seen)
      const isRight = value >= low && value <= counter.sent
      this.#check(isRight, `is ${value}; acknowledged or seen was ${low}, sent ${counter.sent}`, index)
      this.#check(version === value, `has version ${version} and value ${value}`, index)
      counter.sent = counter.acknowledged = counter.seen = value
    }
  }

  /** Sends no more; resolves when nothing is on its way. */
  async rest(): Promise<void> {
    this.#isRunning = false
    while (this.#inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 2))
  }

  async close(): Promise<void> {
    this.#isRunning = false
    await Promise.all([this.#counting.close({ keepSession: true }), this.#reading.close({ keepSession: true })])
  }

  #path(index: number): string {
    return `${this.folder}/${index}`
  }

  #pump(): void {
    for (
      let index = 0;
      this.#isRunning && this.#inFlight < OUTSTANDING_COUNT_MAX;
      index = (index + 1) % COUNTER_COUNT
    ) {
      this.#count(index)
    }
  }

  #count(index: number): void {
    const counter = this.#counters[index]
    if (counter === undefined) return
    const value = ++counter.sent
    this.#follow(this.#counting.setData(this.#path(index), String(value)), ({ version }) => {
      this.#check(version === value, `got version ${version} for ${value}`, index)
      counter.acknowledged = value
      this.#acknowledgements++
      this.#pump()
    })
  }

  #read(index: number): void {
    const counter = this.#counters[index]
    if (counter === undefined || !this.#isRunning) return
    this.#follow(this.#get(index), ({ value }) => {
      this.#check(value >= counter.seen, `went back from ${counter.seen} to ${value}`, index)
      counter.seen = value
      this.#read(index)
    })
  }

  async #get(index: number): Promise<{ value: number; version: number }> {
    const { data, stat } = await this.#reading.getData(this.#path(index))
    return { value: Number(data?.toString()), version: stat.version }
  }

  #follow<T>(answer: Promise<T>, use: (value: T) => void): void {
    this.#inFlight++
    answer
      .then(
        (value) => {
          this.#inFlight--
          use(value)
        },
        (error: unknown) => {
          this.#inFlight--
          if (!(error instanceof ConnectionLossError)) throw error
          this.#isRunning = false
        }
      )
      .catch((error: unknown) => {
        this.#problem ??= `counters: ${String(error)}`
      })
  }

  #check(holds: boolean, what: string, index: number): void {
    if (!holds) this.#problem ??= `counter ${index} ${what}`
  }
}
