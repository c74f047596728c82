/** What the page asks of the server. */

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message)
    this.status = status
    this.code = code
  }
}

const UNREACHABLE = 'The server cannot be reached.'

/** Without a key or a pointer for so long, nobody is there: what is asked for then keeps no login alive. */
const ATTENTION_MS = 60_000
let attendedMs = Date.now()
for (const type of ['keydown', 'pointerdown', 'wheel']) {
  addEventListener(
    type,
    () => {
      attendedMs = Date.now()
    },
    { passive: true, capture: true }
  )
}

/** Who has logged in: name and token are null for nobody; and by which SASL mechanisms one could. */
let me = { name: null, csrfToken: null, mechanisms: [] }
const meListeners = new Set()

export function whoIsIn() {
  return me
}

export function onLogin(listener) {
  meListeners.add(listener)
}

function setMe(value) {
  const isOther = value.csrfToken !== me.csrfToken
  me = value
  if (isOther) for (const listener of meListeners) listener(me)
}

export async function refreshMe() {
  setMe(await get('me'))
}

export async function logIn(credentials) {
  setMe(await post('login', credentials))
}

export async function logOut() {
  try {
    await post('logout', {})
  } finally {
    setMe({ ...me, name: null, csrfToken: null })
  }
}

export function get(name, parameters = {}) {
  return ask(urlOf(name, parameters), {})
}

export function post(name, body) {
  return ask(urlOf(name, {}), posting(body))
}

function urlOf(name, parameters) {
  return `api/${name}?${new URLSearchParams(parameters)}`
}

function posting(body) {
  const headers = { 'Content-Type': 'application/json' }
  if (me.csrfToken !== null) headers['X-CSRF-Token'] = me.csrfToken
  return { method: 'POST', headers, body: JSON.stringify(body) }
}

/**
 * Work that takes long, until it is done: what the server says at last.
 *
 * @param body null for what is read only
 * @param onProgress told how far it is
 * @param stop an AbortSignal: the server is asked to stop, and says where it was
 */
export async function work(name, parameters, body, onProgress, stop) {
  const response = await answerTo(urlOf(name, parameters), body === null ? {} : posting(body))
  let jobId = null
  const askToStop = () => jobId !== null && post('stop', { job: jobId }).catch(() => undefined)
  stop.addEventListener('abort', askToStop)
  try {
    for await (const line of linesOf(response)) {
      if (line.job !== undefined) {
        jobId = line.job
        if (stop.aborted) askToStop()
      } else if (line.error !== undefined) throw new ApiError(200, line.error, sentence(line))
      else if (line.result !== undefined) return line.result
      else if (Object.keys(line).length > 0) onProgress(line)
    }
  } catch (error) {
    if (error instanceof ApiError) throw error
    // The connection broke: what came last is not the end.
  } finally {
    stop.removeEventListener('abort', askToStop)
  }
  throw new ApiError(0, 'UNREACHABLE', UNREACHABLE)
}

async function* linesOf(response) {
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
    rest = lines.pop()
    for (const line of lines) yield JSON.parse(line)
  }
}

async function ask(url, options) {
  return (await answerTo(url, options)).json()
}

/** @throws ApiError for all but an answer that says yes */
async function answerTo(url, options) {
  let response
  const unattended = Date.now() - attendedMs > ATTENTION_MS ? { 'X-Unattended': '1' } : {}
  try {
    response = await fetch(url, {
      credentials: 'same-origin',
      ...options,
      headers: { ...options.headers, ...unattended }
    })
  } catch {
    throw new ApiError(0, 'UNREACHABLE', UNREACHABLE)
  }
  if (response.ok) return response
  const answer = await response.json().catch(() => ({ error: 'UNKNOWN', message: `HTTP ${response.status}` }))
  // The login is over: by time, or because the server was started again.
  if (response.status === 401 && me.name !== null) setMe({ ...me, name: null, csrfToken: null })
  throw new ApiError(response.status, answer.error, sentence(answer))
}

const SENTENCES = {
  NO_AUTH: 'The ACL of this znode does not allow that to you.',
  NO_NODE: 'There is no such znode.',
  BAD_VERSION: 'Somebody else has changed this znode meanwhile.',
  NODE_EXISTS: 'There is a znode of that name already.',
  NOT_EMPTY: 'The znode has children.',
  CONNECTION_LOSS: 'The server takes no clients at present: it may be starting, stopping or looking for a leader.',
  NOT_READ_ONLY: 'The server has no quorum at present and takes no changes.',
  AUTH_FAILED: 'The server does not take this identity.',
  SESSION_CLOSED_REQUIRE_SASL_AUTH: 'This server is for those who have logged in by SASL.',
  LOGIN_NEEDED: 'Log in to change something.',
  INVALID_ACL: 'The server does not take this ACL.',
  QUOTA_EXCEEDED: 'A quota does not allow that.',
  SESSION_EXPIRED: 'The connection was lost for too long: try again.',
  BAD_ARGUMENTS: 'The server does not allow that for this znode.'
}

function sentence({ error, message }) {
  return SENTENCES[error] ?? asSentence(message)
}

/** What the server says begins small, as lines of its log do. */
export function asSentence(text) {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`
}
