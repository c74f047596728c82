/** What a browser does for the console's page: it keeps cookies, and says where a request comes from. */
export class FakeBrowser {
  readonly #url: string
  cookie: string | null = null
  csrfToken: string | null = null

  /** @param url of the admin port */
  constructor(url: string) {
    this.#url = `${url}/console/api`
  }

  async get(
    name: string,
    parameters: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {}
  ): Promise<Answer> {
    const query = new URLSearchParams(parameters)
    return this.#take(await fetch(`${this.#url}/${name}?${query}`, { headers: { ...this.#cookies(), ...headers } }))
  }

  async post(name: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const token = this.csrfToken === null ? {} : { 'X-CSRF-Token': this.csrfToken }
    const all = { 'Content-Type': 'application/json', ...this.#cookies(), ...token, ...headers }
    return this.#take(await fetch(`${this.#url}/${name}`, { method: 'POST', headers: all, body: JSON.stringify(body) }))
  }

  /** Lines of a job as they come; ends with its last one, or when `isEnough` says so: then the page goes away. */
  async lines(
    name: string,
    parameters: Readonly<Record<string, string>>,
    body: unknown,
    isEnough: (lines: readonly Line[]) => boolean | Promise<boolean> = () => false
  ): Promise<Line[]> {
    const stop = new AbortController()
    const token = this.csrfToken === null ? {} : { 'X-CSRF-Token': this.csrfToken }
    const headers = { 'Content-Type': 'application/json', ...this.#cookies(), ...token }
    const post = body === null ? {} : { method: 'POST', body: JSON.stringify(body) }
    const url = `${this.#url}/${name}?${new URLSearchParams(parameters)}`
    const response = await fetch(url, { headers, signal: stop.signal, ...post })
    if (response.status !== 200) {
      const answer = (await response.json()) as Line // what an error is like
      return [{ status: response.status, ...answer }]
    }
    const lines: Line[] = []
    let text = ''
    const decoder = new TextDecoder()
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece, { stream: true })
      const parts = text.split('\n')
      text = parts.pop() ?? ''
      for (const part of parts) lines.push(JSON.parse(part))
      if (await isEnough(lines)) break
    }
    stop.abort()
    return lines
  }

  async logIn(user: string, password: string): Promise<Answer> {
    const answer = await this.post('login', { scheme: 'digest', auth: `${user}:${password}` })
    if (answer.status === 200) this.csrfToken = String(answer.body.csrfToken)
    return answer
  }

  /** Whatever has become of its cookie and its token in between. */
  async logOut(): Promise<void> {
    const { body } = await this.get('me')
    this.csrfToken = body.csrfToken
    if (this.csrfToken !== null) await this.post('logout', {})
  }

  /** Events of the live stream until `isEnough` says so. */
  async events(
    wanted: (streamId: string) => Promise<void>,
    isEnough: (events: readonly LiveEvent[]) => boolean
  ): Promise<LiveEvent[]> {
    const stop = new AbortController()
    const response = await fetch(`${this.#url}/events`, { headers: this.#cookies(), signal: stop.signal })
    const events: LiveEvent[] = []
    let text = ''
    const decoder = new TextDecoder()
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const type = /^event: (.*)$/m.exec(block)?.[1]
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (type === undefined || data === undefined) continue
        events.push({ type, data: JSON.parse(data) })
        if (type === 'hello') void wanted(String(JSON.parse(data).id))
      }
      if (isEnough(events)) break
    }
    stop.abort()
    return events
  }

  #cookies(): Record<string, string> {
    return this.cookie === null ? {} : { Cookie: this.cookie }
  }

  async #take(response: Response): Promise<Answer> {
    const setCookie = response.headers.get('set-cookie')
    if (setCookie !== null) this.cookie = /Max-Age=0/.test(setCookie) ? null : (setCookie.split(';')[0] ?? null)
    return { status: response.status, headers: response.headers, body: await response.json() }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers as they come
export type Line = Readonly<Record<string, any>>

export interface LiveEvent {
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as they come
  readonly body: any
}
