/** Who is connected, and who holds what. */
import { get } from './api.mjs'
import { count, duration, el, linkTo, milliseconds, replace, table, time } from './dom.mjs'

export class SessionsPage {
  #filter = ''
  #turn = 0

  constructor() {
    this.title = 'Sessions'
    this.facts = el('dl.tiles')
    this.detail = el('section', { 'aria-label': 'One session' })
    this.connections = el('div')
    this.holders = el('div')
    const input = el('input', {
      type: 'search',
      placeholder: 'Address, 0xsession or path   ( / )',
      'aria-label': 'Filter connections and holders',
      spellcheck: 'false',
      autocomplete: 'off'
    })
    input.addEventListener('input', () => {
      this.#filter = input.value.trim()
      this.refresh()
    })
    this.search = input
    this.element = el(
      'div.page',
      {},
      el('h1', {}, 'Sessions'),
      this.facts,
      input,
      this.detail,
      el('section.card', {}, el('h2', {}, 'Connections to this server'), this.connections),
      el('section.card', {}, el('h2', {}, 'Who holds ephemeral znodes'), this.holders)
    )
  }

  async show(parameters) {
    this.id = parameters.get('id')
    await this.refresh()
    if (this.id !== null) this.detail.scrollIntoView({ block: 'nearest' })
  }

  async refresh() {
    const turn = ++this.#turn
    const filter = this.#filter
    const [server, connections, holders, session] = await Promise.all([
      get('server'),
      get('connections', { filter }),
      get('holders', { filter }),
      this.id === null ? null : get('session', { id: this.id }).catch((error) => ({ error }))
    ])
    if (turn !== this.#turn) return
    keepFocus(this.element, () => {
      replace(this.facts, ...tiles(server))
      replace(this.detail, session === null ? null : sessionCard(this.id, session))
      replace(this.connections, ...connectionRows(connections))
      replace(this.holders, ...holderRows(holders))
    })
  }
}

function tiles(server) {
  return [
    ['Sessions', count(server.sessionCount)],
    ['Connections', count(server.connectionCount)],
    ['Ephemeral znodes', count(server.ephemeralCount)],
    ['Their owners', count(server.ephemeralOwnerCount)],
    ['Watches', count(server.watchCount)],
    ['Outstanding', count(server.outstandingRequests)]
  ].map(([name, value]) => el('div.tile', {}, el('dt', {}, name), el('dd', {}, value)))
}

function connectionRows({ connections, matching }) {
  const rows = connections.map((one) => [
    el('code', {}, one.address),
    one.sessionId === null ? 'none yet' : sessionLink(one.sessionId),
    one.isSecure ? 'TLS' : 'plain',
    one.lastOperation ?? '',
    one.establishedMs === undefined ? '' : duration(Date.now() - one.establishedMs),
    one.timeoutMs === undefined ? '' : `${count(one.timeoutMs)} ms`,
    count(one.outstandingRequests),
    `${count(one.packetsReceived)} / ${count(one.packetsSent)}`,
    one.averageLatencyMs === undefined ? '' : milliseconds(one.averageLatencyMs)
  ])
  const headings = [
    'Address',
    'Session',
    'Port',
    'Last request',
    'Open for',
    'Timeout',
    'Waiting',
    'In / out',
    'Latency'
  ]
  return [cutNote(connections.length, matching), table('Connections', headings, rows, 'No connection is like that.')]
}

function holderRows({ holders, matching }) {
  const rows = holders.map((one) => [
    sessionLink(one.sessionId),
    count(one.count),
    el(
      'span.paths',
      {},
      ...one.paths.map((path) => linkTo(path)),
      one.count > one.paths.length ? el('span.hint', {}, `and ${count(one.count - one.paths.length)} more`) : null
    )
  ])
  return [
    cutNote(holders.length, matching),
    table('Ephemeral znodes by session', ['Session', 'Count', 'Znodes'], rows, 'No session holds one.')
  ]
}

function cutNote(shown, matching) {
  return shown < matching
    ? el('p.hint', {}, `The first ${count(shown)} of ${count(matching)}: narrow the filter to see others.`)
    : null
}

function sessionLink(id) {
  return el('a', { href: `#/sessions?id=${id}` }, id)
}

function sessionCard(id, session) {
  const close = el('a.button.small', { href: '#/sessions' }, 'Close')
  const head = el('div.card-head', {}, el('h2', {}, `Session ${id}`), close)
  if (session.error !== undefined)
    return el('div.card', {}, head, el('p.problem', { role: 'alert' }, session.error.message))
  const { connection, ephemerals, watches } = session
  return el(
    'div.card.chosen',
    {},
    head,
    connection === null
      ? el('p.hint', {}, 'It has no connection to this server: it may be at another one, or be over.')
      : el('p', {}, el('code', {}, connection.address), ', since ', time(connection.establishedMs)),
    el('h3', {}, `Ephemeral znodes: ${count(ephemerals.count)}`),
    pathList(ephemerals),
    el('h3', {}, `Watched paths on this server: ${count(watches.count)}`),
    pathList(watches)
  )
}

function pathList({ count: total, paths }) {
  if (total === 0) return el('p.empty', {}, 'None.')
  const more = total > paths.length ? el('li.hint', {}, `and ${count(total - paths.length)} more`) : null
  return el('ul.pathlist', {}, ...paths.map((path) => el('li', {}, linkTo(path))), ...(more === null ? [] : [more]))
}

/** What had the focus is made anew; the one at its place gets it. */
export function keepFocus(element, work) {
  const { activeElement } = document
  const href = element.contains(activeElement) ? activeElement.getAttribute('href') : null
  const scrolls = [...element.querySelectorAll('.scroll')].map(({ scrollTop, scrollLeft }) => ({
    scrollTop,
    scrollLeft
  }))
  work()
  for (const [index, box] of [...element.querySelectorAll('.scroll')].entries()) Object.assign(box, scrolls[index])
  if (href !== null)
    for (const link of element.querySelectorAll('a')) if (link.getAttribute('href') === href) return link.focus()
}
