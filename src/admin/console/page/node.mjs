/** One znode: its data, Stat and ACL, and what can be done with it. */
import { get, post, whoIsIn } from './api.mjs'
import { ChildrenCard } from './children.mjs'
import { deleteDialog } from './delete.mjs'
import { button, bytes, count, el, linkTo, replace, table, time, toast } from './dom.mjs'
import { createDialog, editAclDialog, editDialog } from './edit.mjs'
import { bestFormat, bytesOf, FORMATS, format } from './formats.mjs'
import { logInDialog } from './login.mjs'

const PERMS = [
  [1, 'read'],
  [2, 'write'],
  [4, 'create'],
  [8, 'delete'],
  [16, 'admin']
]
/** Nobody notices what takes less. */
const READING_MS = 300
/** A server that wants SASL of all cuts off who has none. */
const LOGIN_HELPS = new Set(['NO_AUTH', 'AUTH_FAILED', 'SESSION_CLOSED_REQUIRE_SASL_AUTH', 'CONNECTION_LOSS'])
const FORMAT_NAMES = { text: 'Text', json: 'JSON', xml: 'XML', hex: 'Hex' }

export class NodePanel {
  #path = '/'
  #node = null
  /** Chosen by hand for this path; null: what fits. */
  #format = null
  /** Whether all of a long value is read. */
  #isWhole = false
  #turn = 0
  #isReading = false
  #isWantedAgain = false
  #onGone
  /** The part that shows the history, and of what. */
  #shownHistory = null
  #historyOf = null
  #historyToken = null
  /** The part that finds children, which keeps what was typed and found. */
  #children = null

  /** @param onGone told of a path that is not there any more */
  constructor(onGone) {
    this.#onGone = onGone
    this.element = el('section.node', { 'aria-label': 'Znode' })
  }

  get path() {
    return this.#path
  }

  show(path) {
    if (path !== this.#path) {
      this.#format = null
      this.#isWhole = false
      this.#node = null
    }
    this.#path = path
    return this.#read(true)
  }

  /** It may have changed. */
  refresh() {
    return this.#read(false)
  }

  async #read(isNew) {
    if (this.#isReading && !isNew) {
      this.#isWantedAgain = true
      return
    }
    const turn = ++this.#turn
    this.#isReading = true
    const late = setTimeout(() => {
      if (turn === this.#turn && this.#node === null) this.#renderReading()
    }, READING_MS)
    try {
      const node = await get('node', this.#isWhole ? { path: this.#path, whole: '1' } : { path: this.#path })
      if (turn !== this.#turn) return
      const isSame = JSON.stringify(node) === JSON.stringify(this.#node) && this.#isHistoryKept()
      const isChanged = !isNew && this.#node !== null && !isSame
      this.#node = node
      if (!isSame) this.#render(isChanged)
    } catch (error) {
      if (turn !== this.#turn) return
      this.#node = null
      this.#renderProblem(error)
    } finally {
      clearTimeout(late)
      if (turn === this.#turn) {
        this.#isReading = false
        if (this.#isWantedAgain) {
          this.#isWantedAgain = false
          setTimeout(() => this.#read(false), 500)
        }
      }
    }
  }

  #renderReading() {
    replace(this.element, this.#heading(), el('p.hint', { role: 'status' }, 'Reading…'))
  }

  #renderProblem(error) {
    replace(
      this.element,
      this.#heading(),
      el('p.problem', { role: 'alert' }, error.message),
      el(
        'div.actions',
        {},
        error.code === 'NO_NODE' ? null : button('Try again', () => this.#read(true)),
        LOGIN_HELPS.has(error.code) && whoIsIn().name === null ? button('Log in', () => logInDialog()) : null
      )
    )
    if (error.code === 'NO_NODE') this.#onGone(this.#path)
  }

  #render(isChanged) {
    const focused = document.activeElement?.dataset?.focus
    const open = new Set([...this.element.querySelectorAll('details[open]')].map((one) => one.id))
    const scroll = this.element.querySelector('pre')?.scrollTop ?? 0
    // What has been asked for stays as long as this znode is shown.
    const history = this.#isHistoryKept() ? this.#shownHistory : this.#history()
    this.#shownHistory = history
    this.#historyOf = this.#path
    this.#historyToken = whoIsIn().csrfToken
    const parts = [this.#actions(), this.#data(), this.#stat(), this.#childrenCard(), this.#acl(), history]
    replace(this.element, this.#heading(), ...parts)
    for (const id of open) this.element.querySelector(`#${id}`)?.setAttribute('open', '')
    const pre = this.element.querySelector('pre')
    if (pre !== null) pre.scrollTop = scroll
    if (focused !== undefined) this.element.querySelector(`[data-focus="${focused}"]`)?.focus()
    if (isChanged) this.element.querySelector('.card')?.classList.add('changed')
  }

  #heading() {
    const parts = this.#path.split('/').filter((part) => part !== '')
    const crumbs = [linkTo('/', '/')]
    for (const [index, part] of parts.entries()) {
      if (index > 0) crumbs.push(el('span.slash', { 'aria-hidden': 'true' }, '/'))
      const path = `/${parts.slice(0, index + 1).join('/')}`
      crumbs.push(index === parts.length - 1 ? el('span', { 'aria-current': 'page' }, part) : linkTo(path, part))
    }
    return el('h1.crumbs', {}, ...crumbs)
  }

  /** Not for one without children, nor for one whose children nobody may list. */
  #childrenCard() {
    const { data, stat } = this.#node
    if (data === null || stat.numChildren === 0) return null
    if (this.#children?.of !== this.#path || this.#children.token !== whoIsIn().csrfToken) {
      this.#children = { of: this.#path, token: whoIsIn().csrfToken, card: new ChildrenCard(this.#path) }
    }
    this.#children.card.update(stat)
    return this.#children.card.element
  }

  /** Not for somebody else than it was told to. */
  #isHistoryKept() {
    return this.#historyOf === this.#path && (this.#historyToken ?? whoIsIn().csrfToken) === whoIsIn().csrfToken
  }

  /** Only when it is asked for: it is read from the disk. */
  #history() {
    const body = el('div', { 'aria-live': 'polite' })
    const ask = async () => {
      const { path } = this.#node
      replace(body, el('p.hint', {}, 'Asking the transaction log…'))
      try {
        const { changes } = await post('history', { path })
        replace(body, changesTable(changes))
      } catch (error) {
        replace(body, el('p.problem', { role: 'alert' }, error.message))
      }
    }
    const shown = button('Show last changes', () => this.#loggedIn(ask))
    shown.dataset.focus = 'history'
    return card(el('div.card-head', {}, el('h2', {}, 'History'), shown), body)
  }

  #actions() {
    const node = this.#node
    const acting = (name, run, attributes = {}) => {
      const shown = button(name, () => this.#loggedIn(run), attributes)
      shown.dataset.focus = name
      return shown
    }
    return el(
      'div.actions',
      { role: 'group', 'aria-label': 'What to do with this znode' },
      acting('Edit data', () => editDialog(node, () => this.#read(false)), {
        disabled: node.data === null || isCut(node)
      }),
      acting('Create child', () => createDialog(node.path)),
      acting('Edit ACL', () => editAclDialog(node, () => this.#read(false)), { disabled: node.acl === null }),
      acting('Delete', () => deleteDialog(node), { class: 'danger', disabled: node.path === '/' }),
      button('Copy path', () => this.#copy(node.path)),
      node.data?.lengthBytes > 0
        ? el('a.button', { href: `api/data?path=${encodeURIComponent(node.path)}`, download: true }, 'Download data')
        : null
    )
  }

  #loggedIn(run) {
    if (whoIsIn().name !== null) run()
    else logInDialog(run, 'Log in to change something.')
  }

  async #copy(text) {
    try {
      await navigator.clipboard.writeText(text)
      toast('The path is in the clipboard.')
    } catch {
      toast('This browser gives no access to the clipboard here.', true)
    }
  }

  #data() {
    const { data } = this.#node
    const heading = el('h2', {}, 'Data')
    if (data === null) return card(heading, el('p.empty', {}, 'The ACL does not let you read the data.'))
    if (data.base64 === null) return card(heading, el('p.empty', {}, 'None (null).'))
    if (data.lengthBytes === 0) return card(heading, el('p.empty', {}, 'Empty (0 bytes).'))
    const raw = bytesOf(data.base64)
    const chosen = this.#format ?? bestFormat(raw)
    const shown = format(raw, chosen)
    const tabs = FORMATS.map((name) => {
      const tab = button(FORMAT_NAMES[name], () => this.#choose(name), { 'aria-pressed': String(name === chosen) })
      tab.dataset.focus = `format-${name}`
      return tab
    })
    const note = isCut(this.#node) ? el('p.hint', {}, ...this.#cutNote(raw.length, data.lengthBytes)) : null
    return card(
      el(
        'div.card-head',
        {},
        heading,
        el('span.hint', {}, bytes(data.lengthBytes)),
        el('div.segments', { role: 'group', 'aria-label': 'Show data as' }, ...tabs)
      ),
      note,
      shown.problem === undefined
        ? el('pre', { tabindex: '0', role: 'region', 'aria-label': `Data as ${FORMAT_NAMES[chosen]}` }, shown.text)
        : el('p.empty', {}, shown.problem)
    )
  }

  #cutNote(shownBytes, allBytes) {
    const text = `The first ${bytes(shownBytes)} of ${bytes(allBytes)}: `
    if (this.#isWhole) return [text, 'download to see all.']
    const all = button('Show all', () => {
      this.#isWhole = true
      this.#read(false)
    })
    all.classList.add('small')
    all.dataset.focus = 'whole'
    return [text, all]
  }

  #choose(name) {
    this.#format = name
    this.#render(false)
  }

  #stat() {
    const { stat } = this.#node
    const owner = ownerOf(stat.ephemeralOwner)
    const belowShown = el('span', { role: 'status' })
    const below = button(
      'Count all below',
      async () => {
        belowShown.textContent = '…'
        try {
          belowShown.textContent = count((await get('count', { path: this.#node.path })).count)
        } catch (error) {
          belowShown.textContent = error.message
        }
      },
      { class: 'small' }
    )
    const entries = [
      ['Kind', owner.kind],
      owner.session === null
        ? null
        : ['Owner', el('a', { href: `#/sessions?id=${owner.session}` }, `session ${owner.session}`)],
      ['Children', el('span.inline', {}, count(stat.numChildren), stat.numChildren > 0 ? below : null, belowShown)],
      ['Data version', String(stat.version)],
      ['Modified', el('span', {}, time(stat.mtime), ` by ${stat.mzxid}`)],
      ['Created', el('span', {}, time(stat.ctime), ` by ${stat.czxid}`)],
      ['Children version', `${stat.cversion}, last changed by ${stat.pzxid}`],
      ['ACL version', String(stat.aversion)],
      ['Data length', `${count(stat.dataLength)} bytes`]
    ]
    const list = entries
      .filter((entry) => entry !== null)
      .flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])
    return card(el('h2', {}, 'Stat'), el('dl.facts', {}, ...list))
  }

  #acl() {
    const { acl } = this.#node
    const heading = el('h2', {}, 'Access control')
    if (acl === null) return card(heading, el('p.empty', {}, 'The ACL does not let you read it.'))
    const rows = acl.map(({ scheme, id, perms }) =>
      el(
        'li',
        {},
        el('code', {}, `${scheme}:${id}`),
        el(
          'span.perms',
          {},
          ...PERMS.filter(([bit]) => (perms & bit) !== 0).map(([, name]) => el('span.tag', {}, name)),
          perms === 0 ? el('span.tag', {}, 'nothing') : null
        )
      )
    )
    return card(heading, el('ul.acl', {}, ...rows))
  }
}

function card(...content) {
  return el('div.card', {}, ...content)
}

/** Users and addresses are known where there is an audit log: without one there are no columns for them. */
function changesTable(changes) {
  const isKnown = changes.some(({ users, addresses }) => (users ?? []).length > 0 || (addresses ?? []).length > 0)
  const rows = changes.map((one) => [
    time(Date.parse(one.time)),
    one.operation,
    one.operation === 'setData' || one.operation === 'setACL' ? String(one.version) : '',
    one.operation === 'setData' || one.operation === 'create' ? bytes(one.bytes) : '',
    el('a', { href: `#/sessions?id=${one.session}` }, one.session),
    ...(isKnown ? [(one.users ?? []).join(' '), (one.addresses ?? []).join(' ')] : []),
    one.zxid
  ])
  const headings = ['When', 'What', 'Version', 'Size', 'Session', ...(isKnown ? ['User', 'Address'] : []), 'Zxid']
  return table('Last changes', headings, rows, 'The log, as far back as it is kept, has nothing about this znode.')
}

function isCut({ data }) {
  return data?.base64 !== null && data !== null && data.lengthBytes > Math.floor((data.base64.length * 3) / 4)
}

/** The owner field says what kind of znode it is, too. */
export function ownerOf(hex) {
  const value = BigInt(hex)
  if (value === 0n) return { kind: 'persistent', session: null }
  if (value === 1n << 63n) return { kind: 'container', session: null }
  if (value >> 56n === 0xffn) {
    return { kind: `persistent, with a time to live of ${count(Number(value & 0xffffffffffn))} ms`, session: null }
  }
  return { kind: 'ephemeral', session: hex }
}
