import type { EnsembleConfig } from '../core/zab/membership/ensemble-config.ts'
import { SimulatedDisk } from './disk.ts'
import { MachineClock } from './machine-clock.ts'
import { type ProcessMachine, type ProcessWorld, ServerProcess } from './server-process.ts'

/** The election port, or those that learners connect to. */
export type TakenPort = 'election' | 'learners'

/** A machine of the ensemble: what stays when its server dies, and the server's process while it runs. */
export class SimulatedServer implements ProcessMachine {
  readonly sid: number
  readonly clock: MachineClock
  readonly disk: SimulatedDisk
  readonly #world: ProcessWorld
  /** It has a configuration, and may be started. */
  isInstalled: boolean
  /** Ports that another program on the machine has: a server cannot begin to listen there. */
  readonly takenPorts = new Set<TakenPort>()
  #process: ServerProcess | null = null

  constructor(world: ProcessWorld, sid: number) {
    const { dice, agenda, scenario, sabotage } = world
    const { clockDrift, diskSyncMs, config } = scenario
    this.#world = world
    this.sid = sid
    const rate = 1 + clockDrift * (2 * dice.next() - 1)
    this.clock = new MachineClock(rate, 1_000_000 * (1 + dice.below(50)), dice.between(-2000, 2000))
    const configs = { current: config, next: null }
    this.disk = new SimulatedDisk(agenda, dice, diskSyncMs, sabotage.disk ?? {}, configs, (what) => world.count(what))
    this.isInstalled = config.members.some(({ id }) => id === sid)
  }

  /** The process; null while the server is down. */
  get process(): ServerProcess | null {
    return this.#process
  }

  get isUp(): boolean {
    return this.#process !== null
  }

  get canServeLearners(): boolean {
    return !this.takenPorts.has('learners')
  }

  /** A server without a disk's content is installed with this configuration, and starts. */
  setUp(config: EnsembleConfig): void {
    this.#world.note(() => `server ${this.sid} is set up`)
    this.disk.configs = { current: config, next: null }
    this.isInstalled = true
    this.start()
  }

  start(): void {
    if (this.#process !== null || !this.isInstalled) return
    if (this.takenPorts.has('election')) {
      this.#world.note(() => `server ${this.sid} cannot start: its election port is taken`)
      this.#world.count('portsTakenAtStart')
      return
    }
    this.#world.note(() => `server ${this.sid} starts`)
    this.#process = new ServerProcess(this.#world, this)
    this.#process.begin()
  }

  /** Ends the process as kill -9 and a power cut do: what was not synced is gone. */
  crash(): void {
    const process = this.#process
    if (process === null) return
    this.#world.note(() => `server ${this.sid} crashes`)
    this.#process = null
    process.end()
    this.disk.crash()
  }
}
