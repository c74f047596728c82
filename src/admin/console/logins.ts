import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ActingClient } from './acting-client.ts'

/** Somebody who has logged in by a browser. */
export interface Login {
  /** Shown to people: scheme and user, without what proves it. */
  readonly name: string
  readonly address: string
  /** What a changing request has to bring beside the cookie. */
  readonly csrfToken: string
  readonly client: ActingClient
}

interface Entry extends Login {
  readonly key: string
  readonly endsAtMs: number
  usedMs: number
}

/** An unused login is over after this long, and any login after so long. */
const IDLE_MS = 30 * 60_000
const LIFE_MS = 12 * 3_600_000
const LOGINS_MAX = 64
const LOGINS_MAX_OF_ADDRESS = 16
/** Who guesses passwords waits. */
const FAILURES_MAX = 10
const FAILURES_MS = 60_000
const FAILURES_KEPT_MAX = 1_000

/**
 * Who has logged in, by the secret in their cookie. Only hashes of secrets are kept, and looked up: neither memory nor the
 * time that an answer takes tells anything of a secret.
 */
export class Logins {
  readonly #entries = new Map<string, Entry>()
  /** Oldest first. */
  #failures: { readonly address: string; readonly atMs: number }[] = []
  readonly #nowMs: () => number

  /** @param nowMs a monotonic clock */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  get count(): number {
    return this.#entries.size
  }

  /** Why nobody can log in from there at present; null if somebody can. */
  refusal(address: string): string | null {
    this.sweep()
    if (this.#entries.size >= LOGINS_MAX) return `${LOGINS_MAX} are logged in, which is the limit`
    const failedCount = this.#failures.filter((one) => one.address === address).length
    if (failedCount >= FAILURES_MAX) return `${failedCount} logins from this address have failed: wait a minute`
    let count = 0
    for (const entry of this.#entries.values()) if (entry.address === address) count++
    return count < LOGINS_MAX_OF_ADDRESS ? null : `${count} are logged in from this address, which is the limit`
  }

  /** @returns the login, and the secret for its cookie */
  add(name: string, address: string, client: ActingClient): { readonly login: Login; readonly secret: string } {
    const secret = randomBytes(32).toString('base64url')
    const nowMs = this.#nowMs()
    const key = hashOf(secret).toString('base64')
    const csrfToken = randomBytes(32).toString('base64url')
    const entry = { name, address, csrfToken, client, key, endsAtMs: nowMs + LIFE_MS, usedMs: nowMs }
    this.#entries.set(key, entry)
    return { login: entry, secret }
  }

  /**
   * @param secret of the cookie; null without one
   * @param isUse whether somebody is there, and the login lives on
   */
  find(secret: string | null, isUse = true): Login | null {
    if (secret === null) return null
    this.sweep()
    const entry = this.#entries.get(hashOf(secret).toString('base64'))
    if (entry === undefined) return null
    if (isUse) entry.usedMs = this.#nowMs()
    return entry
  }

  /** Somebody could not log in from there. */
  failed(address: string): void {
    if (this.#failures.length >= FAILURES_KEPT_MAX) this.#failures.shift()
    this.#failures.push({ address, atMs: this.#nowMs() })
  }

  remove(login: Login): Promise<void> {
    for (const [key, entry] of this.#entries) if (entry === login) this.#entries.delete(key)
    return login.client.close()
  }

  /** Ends what is over. */
  sweep(): void {
    const nowMs = this.#nowMs()
    this.#failures = this.#failures.filter(({ atMs }) => nowMs - atMs < FAILURES_MS)
    for (const entry of this.#entries.values()) {
      if (nowMs < entry.endsAtMs && nowMs - entry.usedMs < IDLE_MS) continue
      this.#entries.delete(entry.key)
      void entry.client.close()
    }
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()]
    this.#entries.clear()
    await Promise.all(entries.map(({ client }) => client.close()))
  }
}

/** Compares in a time that says nothing of where two texts differ. */
export function isSameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(hashOf(given), hashOf(wanted))
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
