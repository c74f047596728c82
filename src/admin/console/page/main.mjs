/** The page as a whole: which part is shown, keys, and what is always at the top. */
import { asSentence, get, onLogin, refreshMe, whoIsIn } from './api.mjs'
import { el, hashOf, replace, toast } from './dom.mjs'
import { EnsemblePage } from './ensemble.mjs'
import { onChange, onLiveState, restartLive, startLive, watch } from './live.mjs'
import { renderIdentity } from './login.mjs'
import { NodePanel } from './node.mjs'
import { Search } from './search.mjs'
import { SessionsPage } from './sessions.mjs'
import { Tree } from './tree.mjs'

const REFRESH_MS = 3000

class TreePage {
  #isStarted = false
  #path = '/'

  constructor() {
    this.title = 'Tree'
    this.panel = new NodePanel((path) => this.tree.refresh([parentOf(path)]))
    this.tree = new Tree(
      (path) => {
        location.hash = hashOf(path)
      },
      () => this.#watch()
    )
    this.search = new Search(
      (path) => {
        location.hash = hashOf(path)
      },
      () => this.#path
    )
    this.element = el('div.split', {}, el('div.side', {}, this.search.element, this.tree.element), this.panel.element)
  }

  async show(parameters) {
    this.#path = parameters.get('path') ?? '/'
    if (!this.#isStarted) {
      this.#isStarted = true
      await this.tree.start()
    }
    await Promise.all([this.tree.reveal(this.#path), this.panel.show(this.#path)])
    this.#watch()
  }

  async restart() {
    if (!this.#isStarted) return
    await this.tree.restart()
    await this.tree.reveal(this.#path)
    await this.panel.show(this.#path)
    this.#watch()
  }

  changed(paths) {
    if (!this.#isStarted) return
    if (paths.includes(this.#path)) this.panel.refresh()
    this.tree.refresh(paths)
  }

  /** The one that is shown first, as there is a limit. */
  #watch() {
    watch([this.#path, ...this.tree.openPaths])
  }
}

const pages = { tree: new TreePage(), sessions: new SessionsPage(), ensemble: new EnsemblePage() }
const main = document.getElementById('main')
let shown = null

async function route() {
  const [name = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?')
  const page = Object.hasOwn(pages, name) ? pages[name] : pages.tree
  const isOther = page !== shown
  shown = page
  for (const link of document.querySelectorAll('nav a')) {
    if (pages[link.dataset.page] === page) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  if (isOther) {
    document.title = `${page.title} – zoonode console`
    replace(main, page.element)
  }
  try {
    await page.show(new URLSearchParams(query))
  } catch (error) {
    toast(error.message, true)
  }
}

/** In a word; all of it is on the page of the ensemble. */
const TROUBLES = {
  starting: 'starting',
  stopping: 'stopping',
  looking: 'no leader',
  synchronizing: 'catching up',
  readOnly: 'read-only',
  diskFull: 'disk full',
  logStalled: 'disk stalls'
}
let wasServing = true

/** When the server has last answered. */
let freshMs = Date.now()

/** What is on the page says nothing of how it is now. */
function showStale(error) {
  const stale = document.getElementById('stale')
  stale.hidden = error === null
  const text = error === null ? '' : `As it was at ${new Date(freshMs).toLocaleTimeString()}: ${error.message}`
  if (stale.textContent !== text) stale.textContent = text
}

async function refreshAlways() {
  if (document.hidden) return
  const health = document.getElementById('health')
  try {
    // A login can be over without having been ended here.
    if (whoIsIn().name !== null) await refreshMe()
    const { mode, troubles, isServing } = await get('server')
    const isWell = isServing && troubles.length === 0
    health.className = isWell ? 'pill good' : 'pill bad'
    const [trouble] = troubles
    const text = isWell ? mode : (TROUBLES[trouble?.kind] ?? 'not serving')
    health.title = trouble === undefined ? '' : asSentence(trouble.text)
    // What could not be read is read now.
    if (isServing && !wasServing) pages.tree.restart().catch((error) => toast(error.message, true))
    wasServing = isServing
    freshMs = Date.now()
    showStale(null)
    // A status that is written again is read out again.
    if (health.textContent !== text) health.textContent = text
  } catch (error) {
    health.className = 'pill bad'
    if (health.textContent !== 'no answer') health.textContent = 'no answer'
    showStale(error)
  }
  if (shown !== pages.tree) await shown?.refresh().catch(() => undefined)
}

document.addEventListener('keydown', (event) => {
  const isTyping = event.target instanceof Element && event.target.closest('input, textarea, select, dialog') !== null
  if (isTyping || event.altKey || event.ctrlKey || event.metaKey) return
  if (event.key === '/') {
    event.preventDefault()
    shown?.search?.focus()
  }
})

document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault()
  main.focus()
})

onLiveState((isLive) => {
  const live = document.getElementById('live')
  live.className = isLive ? 'live on' : 'live'
  live.textContent = isLive ? 'live' : 'not live'
})
onChange((paths) => pages.tree.changed(paths))
onLogin(() => {
  renderIdentity(document.getElementById('identity'))
  restartLive()
  pages.tree.restart().catch((error) => toast(error.message, true))
})

renderIdentity(document.getElementById('identity'))
window.addEventListener('hashchange', route)
await refreshMe().catch(() => undefined)
startLive()
await route()
refreshAlways()
setInterval(refreshAlways, REFRESH_MS)

function parentOf(path) {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}
