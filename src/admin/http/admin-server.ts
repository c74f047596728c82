import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import { clientAddressText } from '../../core/acl/ip-address.ts'
import { Console } from '../console/console.ts'
import type { AdminTarget } from './admin-target.ts'
import { CommandTable, indexPage } from './commands.ts'
import { healthJson, healthText, probeOf } from './health.ts'
import { HttpListener, type HttpTls } from './http-listener.ts'
import { runCommand } from './run-command.ts'
import { sendAnswer } from './send-answer.ts'
import { type TransferLog, type TransferSettings, transferCommands } from './transfer-commands.ts'

export interface AdminServerSettings extends TransferSettings {
  readonly serverAddress: string
  readonly serverPort: number
  /** Path before the command, such as `/commands`. */
  readonly commandUrl: string
  readonly idleTimeoutMs: number
  /** The client's address is taken from X-Forwarded-For. */
  readonly usesForwardedFor: boolean
  /** Whether there is a web console. */
  readonly consoleEnabled: boolean
  /** Names by which browsers may call it, beside addresses and this machine's; `*` = any. */
  readonly consoleHosts: readonly string[]
}

export interface AdminServerParts {
  readonly settings: AdminServerSettings
  readonly tls: HttpTls | null
  readonly log: TransferLog
  /** A monotonic clock. */
  readonly nowMs: () => number
}

const METHODS = 'GET, HEAD, POST, OPTIONS'

/**
 * The HTTP admin server: commands under `/commands/NAME` with upstream's answers, and health probes. It may listen before
 * there is a server to ask.
 */
export class AdminServer {
  readonly #settings: AdminServerSettings
  readonly #commands: CommandTable
  readonly #listener: HttpListener
  readonly #commandUrl: string
  readonly #console: Console | null
  #target: AdminTarget | null = null

  constructor({ settings, tls, log, nowMs }: AdminServerParts) {
    this.#settings = settings
    this.#commands = new CommandTable(transferCommands(settings, log, nowMs))
    this.#commandUrl = settings.commandUrl.replace(/\/+$/, '')
    const consoleParts = { hosts: settings.consoleHosts, target: () => this.#target, log, nowMs }
    this.#console = settings.consoleEnabled ? new Console(consoleParts) : null
    this.#listener = new HttpListener(
      {
        host: settings.serverAddress,
        port: settings.serverPort,
        idleTimeoutMs: settings.idleTimeoutMs,
        tls,
        plainAccepted: () => this.#target?.view.metrics.insecureAdminCount.add(1)
      },
      (request, response) => this.#answer(request, response),
      (error) => log.warn(`admin request failed: ${error instanceof Error ? error.stack : String(error)}`)
    )
  }

  get port(): number {
    return this.#listener.port
  }

  /** @throws the system's error if the port cannot be had */
  listen(): Promise<void> {
    return this.#listener.listen()
  }

  /** Commands are answered from this server from now on; null: there is none. */
  attach(target: AdminTarget | null): void {
    this.#target = target
  }

  async close(): Promise<void> {
    this.#target = null
    await Promise.all([this.#console?.close(), this.#listener.close()])
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '' } = request
    if (method === 'OPTIONS') return void response.writeHead(200, { Allow: METHODS, 'Content-Length': 0 }).end()
    if (method === 'TRACE') return refuse(request, response, 403)
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return refuse(request, response, 405)
    const [rawPath = '', query = ''] = splitOnce(request.url ?? '', '?')
    const path = decoded(rawPath)
    if (path === null) return refuse(request, response, 400)
    const probe = probeOf(path)
    if (probe !== undefined) {
      const health = probe(this.#target)
      const isJson = (request.headers.accept ?? '').includes('application/json')
      return sendText(response, health.isOk ? 200 : 503, isJson ? healthJson(health) : healthText(health), isJson)
    }
    if (this.#console !== null && Console.isAt(path)) {
      return this.#console.answer({ request, response, path, query, address: this.#addressOf(request) })
    }
    const base = this.#commandUrl
    if (path === base || path === `${base}/`) return this.#sendIndex(response)
    if (!path.startsWith(`${base}/`)) return refuse(request, response, 404)
    await this.#run(path.slice(base.length + 1), method === 'POST' ? 'POST' : 'GET', query, request, response)
  }

  #sendIndex(response: ServerResponse): void {
    const page = indexPage(this.#commands.names, this.#commandUrl)
    // The type is upstream's silence made explicit: browsers took it for HTML.
    sendPage(response, page)
  }

  async #run(
    name: string,
    method: 'GET' | 'POST',
    query: string,
    request: IncomingMessage,
    response: ServerResponse
  ): Promise<void> {
    // A command may take its time: the idle time counts again when it is answered.
    request.socket.setTimeout(method === 'POST' ? this.#settings.idleTimeoutMs : 0)
    const call = {
      name,
      method,
      parameters: firstValues(query),
      body: request,
      authorization: request.headers.authorization,
      remoteAddress: this.#addressOf(request),
      certificate: certificateOf(request)
    }
    const named = await runCommand(this.#commands, call, this.#target)
    request.socket.setTimeout(this.#settings.idleTimeoutMs)
    // What nobody has read of a body is not read any more.
    const isBodyLeft = hasBody(request) && !request.complete
    if (isBodyLeft) response.setHeader('Connection', 'close')
    await sendAnswer(response, named)
    if (isBodyLeft) response.once('finish', () => request.destroy())
  }

  #addressOf(request: IncomingMessage): string {
    const forwarded = request.headers['x-forwarded-for']
    const first = typeof forwarded === 'string' ? (forwarded.split(',')[0] ?? '').trim() : ''
    if (this.#settings.usesForwardedFor && first !== '') return first
    return clientAddressText(request.socket.remoteAddress ?? '')
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return 'transfer-encoding' in headers || (headers['content-length'] ?? '0') !== '0'
}

function refuse(request: IncomingMessage, response: ServerResponse, status: number): void {
  const close = hasBody(request) ? { Connection: 'close' } : {}
  response.writeHead(status, { 'Content-Length': 0, ...close }).end()
}

function sendText(response: ServerResponse, status: number, text: string, isJson: boolean): void {
  const type = isJson ? 'application/json' : 'text/plain; charset=utf-8'
  response
    .writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text), 'Cache-Control': 'no-store' })
    .end(text)
}

function sendPage(response: ServerResponse, page: string): void {
  response.writeHead(200, { 'Content-Type': 'text/html', 'Content-Length': Buffer.byteLength(page) }).end(page)
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}

/** Null if it is no text. */
function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path)
  } catch {
    return null
  }
}

function firstValues(query: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) if (!values.has(name)) values.set(name, value)
  return values
}

function certificateOf({ socket }: IncomingMessage): Buffer | null {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return null
  return socket.getPeerX509Certificate()?.raw ?? null
}
