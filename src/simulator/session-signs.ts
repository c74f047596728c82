import type { EnsemblePeer } from '../core/ensemble/ensemble-peer.ts'
import type { SessionTable } from '../core/session/session-table.ts'
import type { ExpiryChecker } from './checkers/expiry-checker.ts'
import type { ClientConnection } from './client-connection.ts'
import type { Covered } from './coverage.ts'

/** The server at which clients give signs of life. */
export interface SignedServer {
  readonly sid: number
  readonly isLeading: boolean
  readonly member: EnsemblePeer | null
  readonly sessions: SessionTable
}

interface SignWorld {
  readonly expiry: ExpiryChecker
  count(what: Covered): void
  fail(rule: string, detail: string): never
}

/** Signs of life of a server's clients: of all of them a leader must hear, its own or its learners'. */
export class SessionSigns {
  readonly #world: SignWorld
  readonly #server: SignedServer
  #stepIndex = 0
  /** Sessions of clients that gave one, with the step that has taken it and by which connection it came. */
  readonly #signs = new Map<string, { readonly step: number; readonly connection: ClientConnection }>()

  constructor(world: SignWorld, server: SignedServer) {
    this.#world = world
    this.#server = server
  }

  stepBegins(): void {
    this.#stepIndex++
  }

  /** Its role is another one: whom it told of what does not matter any more. */
  clear(): void {
    this.#signs.clear()
  }

  /** The next step will take something of this client. */
  given(connection: ClientConnection): void {
    const { session } = connection
    const { sid, isLeading, member, sessions } = this.#server
    if (session === null) return
    if (isLeading) this.#world.expiry.heard(sid, session)
    // Of a local session the leader does not hear.
    else if (member?.following != null && sessions.get(...idsOf(session))?.isLocal === false) {
      this.#signs.set(session, { step: this.#stepIndex + 1, connection })
    }
  }

  /** To its leader, in the answer to a PING: all of whom it has heard since the last one must be in it. */
  passedOn(told: readonly string[]): void {
    const { sid, sessions } = this.#server
    for (const [session, { step, connection }] of this.#signs) {
      if (told.includes(session)) {
        this.#world.count('signsPassedOn')
        this.#signs.delete(session)
      } else if (step < this.#stepIndex) {
        this.#signs.delete(session)
        const known = sessions.get(...idsOf(session))
        if (connection.session !== session || known === undefined || known.isClosing || known.isLocal) continue
        this.#world.fail('signs of life are passed on', `server ${sid} does not tell its leader of ${session}`)
      }
    }
  }
}

/** A session's id as two words. */
function idsOf(session: string): [number, number] {
  const id = BigInt(`0x${session}`)
  return [Number(BigInt.asIntN(32, id >> 32n)), Number(BigInt.asIntN(32, id))]
}
