/** What the page asks of the server. */

export class ApiError extends Error {
  constructor(status, code, message) {
    super(message)
    this.status = status
    this.code = code
  }
}

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

/** Who has logged in: `{ name, csrfToken }`, both null for nobody. */
let me = { name: null, csrfToken: null }
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

export async function logIn(scheme, auth) {
  setMe(await post('login', { scheme, auth }))
}

export async function logOut() {
  try {
    await post('logout', {})
  } finally {
    setMe({ name: null, csrfToken: null })
  }
}

export function get(name, parameters = {}) {
  return ask(`api/${name}?${new URLSearchParams(parameters)}`, {})
}

export function post(name, body) {
  const headers = { 'Content-Type': 'application/json' }
  if (me.csrfToken !== null) headers['X-CSRF-Token'] = me.csrfToken
  return ask(`api/${name}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function ask(url, options) {
  let response
  const unattended = Date.now() - attendedMs > ATTENTION_MS ? { 'X-Unattended': '1' } : {}
  try {
    response = await fetch(url, {
      credentials: 'same-origin',
      ...options,
      headers: { ...options.headers, ...unattended }
    })
  } catch {
    throw new ApiError(0, 'UNREACHABLE', 'The server cannot be reached.')
  }
  const answer = await response.json().catch(() => ({ error: 'UNKNOWN', message: `HTTP ${response.status}` }))
  if (response.ok) return answer
  // The login is over: by time, or because the server was started again.
  if (response.status === 401 && me.name !== null) setMe({ name: null, csrfToken: null })
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
  LOGIN_NEEDED: 'Log in to change something.',
  INVALID_ACL: 'The server does not take this ACL.',
  QUOTA_EXCEEDED: 'A quota does not allow that.'
}

function sentence({ error, message }) {
  return SENTENCES[error] ?? message
}
