import type { ZooKeeper } from '../../client/zookeeper.ts'
import type { AdminTarget } from '../http/admin-target.ts'
import type { ChildWalks } from './child-walks.ts'
import { ConsoleError } from './console-error.ts'
import type { Job } from './jobs.ts'
import type { Login } from './logins.ts'

/** A request of the console's page, its checks behind it. */
export interface ConsoleCall {
  readonly query: URLSearchParams
  /** What a POST brought, as JSON; null for a GET. */
  readonly body: unknown
  /** Null: nobody has logged in. */
  readonly login: Login | null
  readonly target: AdminTarget
  readonly walks: ChildWalks
  /** Aborted when the page that asks has gone. */
  readonly signal: AbortSignal
  /** The client that acts for whoever asks. @throws ZkError where it has no connection */
  client(): Promise<ZooKeeper>
}

/** Something that the page can ask for. The answer is written as JSON. */
export interface ConsoleRoute {
  readonly method: 'GET' | 'POST'
  /** Only with a login, and with its token. */
  readonly needsLogin: boolean
  run(call: ConsoleCall): unknown
}

/** Something that takes long: it is answered line by line, see `Jobs`. */
export interface ConsoleJob {
  readonly method: 'GET' | 'POST'
  readonly needsLogin: boolean
  run(call: ConsoleCall, job: Job): Promise<unknown>
}

export function read(run: ConsoleRoute['run']): ConsoleRoute {
  return { method: 'GET', needsLogin: false, run }
}

export function change(run: ConsoleRoute['run']): ConsoleRoute {
  return { method: 'POST', needsLogin: true, run }
}

export function badRequest(message: string): ConsoleError {
  return new ConsoleError(400, 'BAD_REQUEST', message)
}

/** A parameter that has to be there. @throws ConsoleError */
export function parameter(query: URLSearchParams, name: string): string {
  const value = query.get(name)
  if (value === null || value === '') throw badRequest(`${name} is missing`)
  return value
}

/** A whole number of a request's query. @throws ConsoleError */
export function numberParameter(query: URLSearchParams, name: string, otherwise: number, max: number): number {
  const text = query.get(name)
  if (text === null) return otherwise
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`${name} is not a number`)
  return Math.min(Number(text), max)
}

/** A member of a request's body, which must be an object. @throws ConsoleError */
export function member(body: unknown, name: string): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('the body is no object')
  return Object.hasOwn(body, name) ? Reflect.get(body, name) : undefined
}

export function textMember(body: unknown, name: string): string {
  const value = member(body, name)
  if (typeof value !== 'string') throw badRequest(`${name} is no text`)
  return value
}

export function integerMember(body: unknown, name: string, min: number, max: number): number {
  const value = member(body, name)
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw badRequest(`${name} is no whole number from ${min} to ${max}`)
  }
  return value
}

/** A 64-bit number as operators know it. */
export function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`
}
