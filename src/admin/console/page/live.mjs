/**
 * Live updates: one stream while the page can be seen, and the paths that it shows. A browser has only a few connections
 * for one server, so a hidden page has none.
 */
import { post } from './api.mjs'

const RETRY_MS = 2000

let source = null
let streamId = null
let wanted = []
let retryMs = RETRY_MS
let retryTimer = 0
const changeListeners = new Set()
const stateListeners = new Set()

/** @param {(paths: string[]) => void} listener told of paths that may have changed */
export function onChange(listener) {
  changeListeners.add(listener)
}

/** @param {(isLive: boolean) => void} listener */
export function onLiveState(listener) {
  stateListeners.add(listener)
}

/** Says what is shown from now on. */
export function watch(paths) {
  const next = [...new Set(paths)].slice(0, 100)
  if (next.length === wanted.length && next.every((path, index) => path === wanted[index])) return
  wanted = next
  tellServer()
}

export function startLive() {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) stop()
    else open()
  })
  open()
}

/** Another identity sees other things. */
export function restartLive() {
  stop()
  open()
}

function open() {
  if (source !== null || document.hidden) return
  clearTimeout(retryTimer)
  source = new EventSource('api/events')
  source.addEventListener('hello', (event) => {
    streamId = JSON.parse(event.data).id
    retryMs = RETRY_MS
    tellState(true)
    tellServer()
  })
  source.addEventListener('change', (event) => {
    const { paths } = JSON.parse(event.data)
    for (const listener of changeListeners) listener(paths)
  })
  source.addEventListener('error', () => {
    stop()
    retryTimer = setTimeout(open, retryMs)
    retryMs = Math.min(retryMs * 2, 30000)
  })
}

function stop() {
  clearTimeout(retryTimer)
  source?.close()
  source = null
  streamId = null
  tellState(false)
}

function tellState(isLive) {
  for (const listener of stateListeners) listener(isLive)
}

async function tellServer() {
  if (streamId === null) return
  try {
    await post('watch', { stream: streamId, paths: wanted })
  } catch {
    // The stream is gone; the next one begins with what is wanted then.
  }
}
