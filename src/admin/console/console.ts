/**
 * The web console at `/console` on the admin port, off unless `admin.console.enabled`.
 *
 * What it shows and changes of the tree it does as a client: our own client library, over a connection inside of this process
 * (`AdminTarget.openClient`) into the same listener that sockets come in by. So every rule of the protocol applies (ACLs,
 * quotas, limits, throttles, forwarding to the leader, the audit log), the console has no way around any of them, and it
 * works where there is only a TLS port. A connection over loopback was refused: it would have given everybody who reaches the
 * admin port the rights of `ip:127.0.0.1`. These connections come from `console/ADDRESS OF THE BROWSER`, which no ACL of
 * scheme `ip` matches and which lists and the audit log show.
 *
 * Who has not logged in reads with the rights of `world:anyone`, by one client for all. A login is a client of its own with
 * the identity of `addauth SCHEME AUTH`, or one that has logged in by SASL, with the server's users; as everywhere in
 * ZooKeeper, `digest` takes every name and password, and the ACLs decide what that identity may do. The browser keeps a random secret in a cookie (HttpOnly, SameSite=Strict), and brings a
 * token with all that changes something. What proves the identity is kept in that client alone: never logged, never sent
 * back.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import { ZkError } from '../../client/errors.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'
import type { AdminTarget } from '../http/admin-target.ts'
import { readBody } from '../http/request-body.ts'
import { ActingClient } from './acting-client.ts'
import { type Asset, loadAssets } from './assets.ts'
import { changeJobs, changeRoutes } from './change-routes.ts'
import { ChildWalks } from './child-walks.ts'
import { ConsoleError } from './console-error.ts'
import { checkJson, checkOrigin, cookieOf } from './guard.ts'
import { Jobs } from './jobs.ts'
import { LiveStreams } from './live.ts'
import { identityOf, nameOf, passwordMechanisms } from './login-identity.ts'
import { isSameSecret, type Login, Logins } from './logins.ts'
import {
  badRequest,
  type ConsoleCall,
  type ConsoleJob,
  type ConsoleRoute,
  member,
  parameter,
  textMember
} from './route.ts'
import { searchJobs } from './search.ts'
import { serverRoutes } from './server-routes.ts'
import { treeRoutes } from './tree-routes.ts'

/** The path of the console, without a slash at its end. */
export const CONSOLE_PATH = '/console'
const API = `${CONSOLE_PATH}/api/`

/** A znode's megabyte as base64, and what is around it. */
const BODY_BYTES_MAX = 2 * 1024 * 1024
const SWEEP_MS = 60_000

const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store'
} as const

export interface ConsoleParts {
  /** Names by which browsers may call this server; `*` = any. */
  readonly hosts: readonly string[]
  /** Null while there is no server. */
  readonly target: () => AdminTarget | null
  readonly log: { info(message: string): void; warn(message: string): void }
  /** A monotonic clock. */
  readonly nowMs: () => number
}

/** A request for something below `/console`. */
export interface ConsoleRequest {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Decoded. */
  readonly path: string
  readonly query: string
  /** Of the browser. */
  readonly address: string
}

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  NO_NODE: 404,
  NO_AUTH: 403,
  AUTH_FAILED: 403,
  SESSION_CLOSED_REQUIRE_SASL_AUTH: 403,
  BAD_VERSION: 409,
  NODE_EXISTS: 409,
  NOT_EMPTY: 409,
  NO_CHILDREN_FOR_EPHEMERALS: 409,
  QUOTA_EXCEEDED: 409,
  INVALID_ACL: 400,
  INVALID_PATH: 400,
  BAD_ARGUMENTS: 400,
  UNIMPLEMENTED: 400,
  REQUEST_TOO_LARGE: 413,
  NOT_READ_ONLY: 503,
  CONNECTION_LOSS: 503,
  CLIENT_CLOSED: 401,
  SESSION_EXPIRED: 503,
  REQUEST_TIMEOUT: 504,
  THROTTLED_OP: 503,
  LIMIT_REACHED: 503
}

/** See the head of this file. */
export class Console {
  readonly #parts: ConsoleParts
  readonly #assets: ReadonlyMap<string, Asset>
  readonly #logins: Logins
  readonly #live = new LiveStreams()
  readonly #anyone: ActingClient
  readonly #routes: ReadonlyMap<string, ConsoleRoute>
  readonly #jobs = new Jobs()
  readonly #walks = new ChildWalks()
  readonly #jobRoutes: ReadonlyMap<string, ConsoleJob> = new Map([...changeJobs, ...searchJobs])
  readonly #sweep: NodeJS.Timeout

  /** @throws Error where the files of the page are missing */
  constructor(parts: ConsoleParts) {
    this.#parts = parts
    this.#assets = loadAssets()
    this.#logins = new Logins(parts.nowMs)
    this.#anyone = new ActingClient(() => parts.target()?.openClient('console') ?? null, null)
    this.#routes = new Map([...treeRoutes(), ...changeRoutes, ...serverRoutes()])
    this.#sweep = setInterval(() => this.#logins.sweep(), SWEEP_MS).unref()
  }

  /** Whether a path is the console's. */
  static isAt(path: string): boolean {
    return path === CONSOLE_PATH || path.startsWith(`${CONSOLE_PATH}/`)
  }

  async answer(call: ConsoleRequest): Promise<void> {
    const { request, response, path } = call
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value)
    try {
      checkOrigin(request, this.#parts.hosts)
      if (path.startsWith(API)) await this.#api(call, path.slice(API.length))
      else this.#page(call)
    } catch (error) {
      const status = statusOf(error)
      if (status === null) throw error
      refuse(request, response, status, error)
    }
  }

  /** Ends everything that is open. */
  async close(): Promise<void> {
    clearInterval(this.#sweep)
    this.#live.close()
    this.#jobs.close()
    await Promise.all([this.#logins.close(), this.#anyone.close()])
  }

  #page({ request, response, path }: ConsoleRequest): void {
    if (request.method === 'POST') throw new ConsoleError(405, 'WRONG_METHOD', 'there is nothing to post to')
    if (path === CONSOLE_PATH) return void response.writeHead(308, { Location: `${CONSOLE_PATH}/` }).end()
    const name = path.slice(CONSOLE_PATH.length + 1)
    const asset = this.#assets.get(name === '' ? 'index.html' : name)
    if (asset === undefined) throw new ConsoleError(404, 'NOT_FOUND', 'there is no such page')
    response.writeHead(200, { 'Content-Type': asset.type, 'Content-Length': asset.bytes.length })
    response.end(request.method === 'HEAD' ? undefined : asset.bytes)
  }

  async #api(call: ConsoleRequest, name: string): Promise<void> {
    const { request, response } = call
    const query = new URLSearchParams(call.query)
    // What a page asks for by itself keeps nobody logged in.
    const isUse = request.headers['x-unattended'] === undefined && name !== 'events'
    const login = this.#logins.find(cookieOf(request, cookieName(request)), isUse)
    const isPost = request.method === 'POST'
    if (isPost) checkJson(request)
    const body = isPost ? await jsonBody(request) : null
    const client = login?.client ?? this.#anyone
    if (!isPost && name === 'me') return sendJson(response, this.#me(login))
    if (!isPost && name === 'data') return this.#data(response, client, parameter(query, 'path'))
    if (!isPost && name === 'events') {
      request.socket.setTimeout(0)
      return this.#live.open(response, client, call.address)
    }
    if (isPost && name === 'watch') {
      this.#live.watch(textMember(body, 'stream'), member(body, 'paths'))
      return sendJson(response, {})
    }
    if (isPost && name === 'login') return this.#login(call, body, login)
    if (isPost && name === 'stop') {
      this.#jobs.stop(textMember(body, 'job'))
      return sendJson(response, {})
    }
    const jobRoute = this.#jobRoutes.get(name)
    const plainRoute = this.#routes.get(name)
    const route = jobRoute ?? plainRoute
    const target = this.#parts.target()
    if (isPost && name === 'logout') {
      await this.#logins.remove(loggedIn(request, login))
      return sendJson(response, {}, { 'Set-Cookie': cookie(request, '', 0) })
    }
    if (route === undefined) throw new ConsoleError(404, 'NOT_FOUND', `there is nothing like ${name}`)
    if (route.method !== (isPost ? 'POST' : 'GET')) throw new ConsoleError(405, 'WRONG_METHOD', `use ${route.method}`)
    if (route.needsLogin) loggedIn(request, login)
    if (target === null) throw new ConsoleError(503, 'NOT_SERVING', 'the server is starting, or stopping')
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const asked: ConsoleCall = {
      query,
      body,
      login,
      target,
      walks: this.#walks,
      signal: gone.signal,
      client: () => this.#connected(client)
    }
    if (jobRoute !== undefined) return this.#job(name, jobRoute, asked, response, client)
    sendJson(response, await plainRoute?.run(asked))
  }

  /** A client of a server that takes none would wait in vain; somebody looks at the page, and wants to know. */
  #connected(client: ActingClient): Promise<ZooKeeper> {
    const target = this.#parts.target()
    if (target?.view.isServing() === false) {
      throw new ConsoleError(503, 'NOT_SERVING', target.troubles()[0]?.text ?? 'the server takes no clients at present')
    }
    return client.get()
  }

  /** The client keeps its session meanwhile. */
  async #job(
    name: string,
    route: ConsoleJob,
    call: ConsoleCall,
    response: ServerResponse,
    client: ActingClient
  ): Promise<void> {
    client.retain()
    try {
      await this.#jobs.run(name, response, (job) => route.run(call, job))
    } finally {
      client.release()
    }
  }

  #me(login: Login | null): unknown {
    const mechanisms = passwordMechanisms(this.#parts.target())
    if (login === null) return { name: null, csrfToken: null, mechanisms }
    return { name: login.name, csrfToken: login.csrfToken, mechanisms }
  }

  async #login(call: ConsoleRequest, body: unknown, previous: Login | null): Promise<void> {
    const { request, response, address } = call
    const identity = identityOf(body)
    const refusal = this.#logins.refusal(address)
    if (refusal !== null) throw new ConsoleError(429, 'TOO_MANY_LOGINS', refusal)
    const { target, log } = this.#parts
    const client = new ActingClient(() => target()?.openClient(`console/${address}`) ?? null, identity)
    let name: string
    try {
      name = nameOf(await (await this.#connected(client)).whoAmI(), identity)
    } catch (error) {
      await client.close()
      // Not being served says nothing of the password.
      if (statusOf(error) !== 503) this.#logins.failed(address)
      const how = 'scheme' in identity ? `scheme ${identity.scheme}` : `SASL, mechanism ${identity.mechanism}`
      log.warn(`console: a login from ${address} by ${how} has failed`)
      throw error
    }
    if (previous !== null) void this.#logins.remove(previous)
    const { login, secret } = this.#logins.add(name, address, client)
    log.info(`console: ${JSON.stringify(name)} has logged in from ${address}`)
    sendJson(response, this.#me(login), { 'Set-Cookie': cookie(request, secret, null) })
  }

  /** The data of a znode as a file, which no browser takes for a page. */
  async #data(response: ServerResponse, client: ActingClient, path: string): Promise<void> {
    const { data } = await (await this.#connected(client)).getData(path)
    const name = path.slice(path.lastIndexOf('/') + 1) || 'root'
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': data?.length ?? 0,
      'Content-Disposition': `attachment; filename="znode.bin"; filename*=UTF-8''${encodeURIComponent(name)}`
    })
    response.end(data ?? undefined)
  }
}

/** @throws ConsoleError unless the request comes from the page of somebody who has logged in */
function loggedIn({ headers }: IncomingMessage, login: Login | null): Login {
  if (login === null) throw new ConsoleError(401, 'LOGIN_NEEDED', 'log in to change something')
  const token = headers['x-csrf-token']
  if (typeof token !== 'string' || !isSameSecret(token, login.csrfToken)) {
    throw new ConsoleError(403, 'WRONG_TOKEN', 'the token of this login is missing')
  }
  return login
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const text = await readBody(request, BODY_BYTES_MAX)
  if (text === null) throw new ConsoleError(413, 'TOO_LARGE', `more than ${BODY_BYTES_MAX} bytes`)
  try {
    return JSON.parse(text)
  } catch {
    throw badRequest('the body is no JSON')
  }
}

/** Cookies do not know ports, and one machine may have several servers. */
function cookieName({ socket }: IncomingMessage): string {
  return `zoonode-console-${socket.localPort ?? 0}`
}

/** @param maxAgeS null: until the browser is closed */
function cookie(request: IncomingMessage, value: string, maxAgeS: number | null): string {
  const secure = request.socket instanceof TLSSocket ? '; Secure' : ''
  const age = maxAgeS === null ? '' : `; Max-Age=${maxAgeS}`
  return `${cookieName(request)}=${value}; Path=${CONSOLE_PATH}; HttpOnly; SameSite=Strict${secure}${age}`
}

/** Null for what is no fault of the request, nor of the server's state. */
function statusOf(error: unknown): number | null {
  if (error instanceof ConsoleError) return error.status
  if (error instanceof ZkError) return STATUS_OF_CODE[error.code] ?? 500
  // What the library says of arguments that make no sense.
  return error instanceof RangeError ? 400 : null
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number, error: unknown): void {
  const code = error instanceof ConsoleError || error instanceof ZkError ? error.code : 'BAD_REQUEST'
  // A body that was not read is not read any more.
  if (!request.complete) response.setHeader('Connection', 'close')
  response.statusCode = status
  sendJson(response, { error: code, message: error instanceof Error ? error.message : String(error) })
}

function sendJson(response: ServerResponse, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const text = JSON.stringify(value)
  for (const [name, content] of Object.entries(headers)) response.setHeader(name, content)
  response.setHeader('Content-Type', 'application/json; charset=utf-8')
  response.setHeader('Content-Length', Buffer.byteLength(text))
  response.end(text)
}
