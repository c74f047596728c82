import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askFourLetterWord } from '../harness/four-letter-word.ts'
import type { Member } from '../harness/member.ts'
import type { ServerKind } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'
import { ReconfigurableEnsemble } from './reconfigurable-ensemble.ts'
import { shellCommand } from './shell.ts'

const AGREEMENT_TIMEOUT_MS = 20_000

/**
 * The life of an ensemble that is reconfigured again and again; the steps of the recorded `07-reconfig` and `08-reconfig-remove-leader` among
 * them. Ends with the first step that fails, since those after it build on it.
 */
export async function reconfigure(
  kinds: readonly ServerKind[],
  shell: ServerKind,
  folder: string,
  record: (step: string, problem: string | null) => void
): Promise<void> {
  const ensemble = await ReconfigurableEnsemble.plan(folder, kinds, 3)
  const life = new Life(ensemble, shell, folder)
  try {
    for (const [step, run] of life.steps) {
      try {
        await run()
      } catch (error) {
        record(step, error instanceof Error ? error.message : String(error))
        return
      }
      record(step, null)
    }
  } finally {
    await ensemble.killAll()
  }
}

class Life {
  readonly #ensemble: ReconfigurableEnsemble
  readonly #shell: ServerKind
  readonly #folder: string

  constructor(ensemble: ReconfigurableEnsemble, shell: ServerKind, folder: string) {
    this.#ensemble = ensemble
    this.#shell = shell
    this.#folder = folder
  }

  get steps(): readonly (readonly [name: string, run: () => Promise<void>])[] {
    const ensemble = this.#ensemble
    return [
      ['the founders agree on a first version', () => this.#agreement(ensemble.start(1, 2, 3))],
      ['whoever is not the super user may not', () => this.#refusal()],
      ['a joining server follows without a vote', () => this.#agreement(ensemble.start(4))],
      ['it becomes an observer', () => this.#ask(`reconfig -add ${ensemble.join(4, 'observer')}`, 1)],
      ['and a voter', () => this.#ask(`reconfig -add ${ensemble.join(4)}`, 4)],
      ['a follower loses its vote', () => this.#removeFollower()],
      ['the leader is removed', () => this.#removeLeader()],
      ['a list brings all back', () => this.#ask(`reconfig -members ${ensemble.replaceMembers([1, 2, 3, 4])}`, 2)],
      ['a client port moves, and a watch tells it', () => this.#moveClientPort()],
      ['the ports of a follower move', () => this.#movePorts('follower')],
      ['the ports of the leader move', () => this.#movePorts('leader')],
      ['a wrong version is refused', () => this.#refused('reconfig -v 5 -remove 1', 'version No is not valid :')],
      ['too few voters are refused', () => this.#refused('reconfig -remove 1,2,3', 'Arguments are not valid :')],
      ['a port for TLS in a line is refused', () => this.#refuseSecurePort()],
      ['a quorum that is not there is refused', () => this.#refuseAbsent()],
      ['a file replaces all', () => this.#replaceByFile()],
      ['all come back as they were', () => this.#restart()]
    ]
  }

  /** Runs a command at a server and waits until everybody has what is expected. */
  async #ask(command: string, sid: number): Promise<void> {
    const printed = await this.#command(command, sid)
    const expected = `Committed new configuration:\n${this.#ensemble.lines.join('\n')}\nversion=`
    // A server that changes its part may close the connection before the answer; what counts is what all have then.
    if (!printed.includes(expected) && !printed.includes('ConnectionLoss')) throw new Error(`printed\n${printed}`)
    await this.#agreement(this.#ensemble.serving())
  }

  #command(command: string, sid: number): Promise<string> {
    const { host, clientPort } = this.#ensemble.place(sid)
    return shellCommand(this.#shell, `${host}:${clientPort}`, this.#ensemble.member(sid), command)
  }

  async #agreement(begin: Promise<Member>): Promise<void> {
    await begin
    let seen: string | null = null
    try {
      await waitFor('all to have the same configuration', AGREEMENT_TIMEOUT_MS, async () => {
        try {
          seen = await this.#ensemble.difference()
        } catch (error) {
          // Who changes its part at this moment closes its connections.
          seen = error instanceof Error ? error.message : String(error)
        }
        return seen === null ? true : null
      })
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}: ${seen}`)
    }
    await this.#ensemble.serving()
    const client = await this.#ensemble.client(1)
    await client.create('/written-', new Uint8Array(0), { mode: 'persistentSequential' })
    await client.close()
  }

  async #refusal(): Promise<void> {
    const plain = await this.#ensemble.client(2, null)
    try {
      const error: unknown = await plain.reconfig({ leaving: '1' }).then(
        () => null,
        (reason: unknown) => reason
      )
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'NO_AUTH') {
        throw new Error(`expected NO_AUTH, got ${String(error)}`)
      }
    } finally {
      await plain.close()
    }
  }

  async #refused(command: string, reason: string): Promise<void> {
    const printed = await this.#command(command, 1)
    if (!printed.includes(reason)) throw new Error(`printed\n${printed}`)
    await this.#agreement(this.#ensemble.serving())
  }

  /** 3.9.5 does not know them; the key `secureClientPort` is there for both. */
  #refuseSecurePort(): Promise<void> {
    const { host } = this.#ensemble.place(1)
    return this.#refused(`reconfig -add server.5=${host}:5:15;${host}:25;${host}:35`, 'Arguments are not valid :')
  }

  #refuseAbsent(): Promise<void> {
    const { host } = this.#ensemble.place(1)
    const absent = [5, 6, 7, 8, 9].map((sid) => `server.${sid}=${host}:${sid}:1${sid};${host}:2${sid}`)
    return this.#refused(`reconfig -add ${absent.join(',')}`, 'No quorum of new config is connected')
  }

  async #removeFollower(): Promise<void> {
    const leader = await this.#ensemble.serving()
    const follower = this.#ensemble.members.find(({ sid }) => sid !== leader.sid)
    if (follower === undefined) throw new Error('there is no follower')
    await this.#ask(`reconfig -remove ${this.#ensemble.leave(follower.sid)}`, leader.sid)
    if ((await follower.mode()) !== 'follower') throw new Error(`${follower.name} does not follow any more`)
  }

  async #removeLeader(): Promise<void> {
    const leader = await this.#ensemble.serving()
    const before = leader.log().length
    await this.#ask(`reconfig -remove ${this.#ensemble.leave(leader.sid)}`, leader.sid)
    const next = await this.#ensemble.serving()
    if (next === leader) throw new Error(`${leader.name} still leads`)
    if ((await leader.mode()) !== 'follower') throw new Error(`${leader.name} does not follow`)
    if (/looking for a leader, round|New election/.test(leader.log().slice(before))) {
      throw new Error('there was an election')
    }
  }

  async #moveClientPort(): Promise<void> {
    const client = await this.#ensemble.client(2)
    try {
      const told = new Promise<string>((resolve) => {
        client.getConfig({ watch: (event) => resolve(`${event.type} ${event.path}`) }).catch(String)
      })
      const { clientPort: before, host } = this.#ensemble.place(1)
      const line = await this.#ensemble.moveClientPort(1)
      const { data } = await client.reconfig({ joining: line })
      if (
        !Buffer.from(data ?? [])
          .toString()
          .startsWith(`${this.#ensemble.lines.join('\n')}\n`)
      ) {
        throw new Error('the answer is not the new configuration')
      }
      const event = await told
      if (event !== 'nodeDataChanged /zookeeper/config') throw new Error(`the watch told ${event}`)
      await this.#agreement(this.#ensemble.serving())
      if ((await askFourLetterWord(before, 'ruok', host)) !== null) throw new Error('the old port is still open')
    } finally {
      await client.close()
    }
  }

  async #movePorts(whose: 'leader' | 'follower'): Promise<void> {
    const leader = await this.#ensemble.serving()
    const moved = whose === 'leader' ? leader : this.#ensemble.members.find((member) => member !== leader)
    if (moved === undefined) throw new Error('there is no follower')
    const asked = this.#ensemble.members.find((member) => member !== moved) ?? moved
    await this.#ask(`reconfig -add ${await this.#ensemble.moveQuorumPorts(moved.sid)}`, asked.sid)
  }

  async #replaceByFile(): Promise<void> {
    const file = join(this.#folder, 'members.txt')
    this.#ensemble.replaceMembers([1, 2, 3])
    this.#ensemble.join(4, 'observer')
    writeFileSync(file, `${this.#ensemble.lines.join('\n')}\n`)
    await this.#ask(`reconfig -file ${file}`, 3)
  }

  async #restart(): Promise<void> {
    await this.#ensemble.stop(1, 2, 3, 4)
    await this.#agreement(this.#ensemble.start(1, 2, 3, 4))
    const modes = await Promise.all(this.#ensemble.members.map((member) => member.mode()))
    if (modes[3] !== 'observer') throw new Error(`server 4 is ${modes[3]}, not an observer`)
  }
}
