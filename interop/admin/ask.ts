/** What an admin server answered. */
export interface Answer {
  readonly status: number
  readonly type: string | null
  readonly headers: Readonly<Record<string, string>>
  /** Parsed where it is JSON, else its text. */
  readonly body: unknown
}

export interface Ask {
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

const TIMEOUT_MS = 20_000
/** Headers that belong to a command's answer. */
const HEADERS = ['last_zxid', 'snapshot_size'] as const

export async function ask(port: number, request: Ask): Promise<Answer> {
  const response = await send(port, request)
  const text = await response.text()
  const type = response.headers.get('content-type')
  return {
    status: response.status,
    type,
    headers: Object.fromEntries(HEADERS.flatMap((name) => headerOf(response, name))),
    body: type === 'application/json' && text !== '' ? (JSON.parse(text) as unknown) : text
  }
}

/** The bytes of an answer. @throws Error unless it is 200 */
export async function askBytes(port: number, request: Ask): Promise<Buffer> {
  const response = await send(port, request)
  const bytes = Buffer.from(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`${request.path}: ${response.status} ${bytes.toString('utf8')}`)
  return bytes
}

function send(port: number, { path, method = 'GET', headers = {}, body }: Ask): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) })
  })
}

function headerOf(response: Response, name: string): [string, string][] {
  const value = response.headers.get(name)
  return value === null ? [] : [[name, value]]
}
