import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'

/** What a collector says to a batch. */
export type Delivery =
  /** It has it, but for so many spans that it does not want. */
  | { readonly kind: 'taken'; readonly rejectedCount: number; readonly message: string }
  /** Nobody is there, or it has no time now: it may take the batch later. */
  | { readonly kind: 'later'; readonly reason: string }
  /** It does not want this batch, however often it comes. */
  | { readonly kind: 'refused'; readonly reason: string }

const TIMEOUT_MS = 10_000
const ANSWER_BYTES_MAX = 16 * 1024
/** As OTLP has it: with these the same batch may come again. */
const RETRYABLE = new Set([429, 502, 503, 504])

/** One connection to a collector, kept open, that takes batches of traces by OTLP over HTTP, as JSON. */
export class Collector {
  readonly #url: URL
  readonly #agent: HttpAgent | HttpsAgent

  /** @param url of what takes traces, with http or https */
  constructor(url: URL) {
    this.#url = url
    const options = { keepAlive: true, maxSockets: 1 }
    this.#agent = url.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options)
  }

  /** Sends one batch. It never rejects: what went wrong is the answer. */
  deliver(body: string): Promise<Delivery> {
    const bytes = Buffer.from(body)
    return new Promise((resolve) => {
      const fail = (error: Error): void => resolve({ kind: 'later', reason: reasonOf(error) })
      const request = this.#url.protocol === 'https:' ? requestHttps : requestHttp
      const call = request(
        this.#url,
        {
          method: 'POST',
          agent: this.#agent,
          headers: { 'Content-Type': 'application/json', 'Content-Length': bytes.length, 'User-Agent': 'zoonode' }
        },
        (response) => readAnswer(response).then((text) => resolve(verdictOf(response, text)), fail)
      )
      // Not the socket's: a collector that sends a byte now and then would hold the batch forever.
      const deadline = setTimeout(() => call.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS)
      call.on('error', fail)
      call.on('close', () => clearTimeout(deadline))
      call.end(bytes)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

async function readAnswer(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const piece of response) {
    text += piece
    if (text.length > ANSWER_BYTES_MAX) break
  }
  return text
}

function verdictOf({ statusCode = 0 }: IncomingMessage, text: string): Delivery {
  if (statusCode >= 200 && statusCode < 300) return takenOf(text)
  const reason = `it answers with ${statusCode}`
  return RETRYABLE.has(statusCode) ? { kind: 'later', reason } : { kind: 'refused', reason }
}

/** Most answer with `{}`; some with nothing at all. */
function takenOf(text: string): Delivery {
  const partial: unknown = memberOf(parsed(text), 'partialSuccess')
  const rejected = Number(memberOf(partial, 'rejectedSpans') ?? 0)
  const message = memberOf(partial, 'errorMessage')
  return {
    kind: 'taken',
    rejectedCount: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
    message: typeof message === 'string' ? message.slice(0, 200) : ''
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

/** Of an error of several addresses the message is empty. */
function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException // those of sockets have one
  return error.message !== '' ? error.message : (code ?? error.name)
}
