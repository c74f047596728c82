/** The servers: roles, lag, health. */
import { asSentence, get } from './api.mjs'
import { bytes, count, duration, el, milliseconds, replace, table, time } from './dom.mjs'
import { keepFocus } from './sessions.mjs'

export class EnsemblePage {
  constructor() {
    this.title = 'Ensemble'
    this.body = el('div')
    this.element = el('div.page', {}, el('h1', {}, 'Ensemble'), this.body)
  }

  show() {
    return this.refresh()
  }

  async refresh() {
    const [server, ensemble] = await Promise.all([get('server'), get('ensemble')])
    keepFocus(this.element, () =>
      replace(this.body, health(server, ensemble), thisServer(server, ensemble), members(ensemble), observers(ensemble))
    )
  }
}

/** This server first: another that is missing is only as bad as that this one serves without it. */
function health({ troubles, isServing, mode }, { members }) {
  const missing = members.filter((member) => member.isAsked && !member.isSelf && !isWell(member))
  if (troubles.length > 0 || !isServing) {
    return el(
      'div.banner.bad',
      { role: 'status' },
      el('strong', {}, 'This server does not serve as it should.'),
      el(
        'ul',
        {},
        ...[...troubles.map(({ text }) => asSentence(text)), ...missing.map(missingText)].map((text) =>
          el('li', {}, text)
        )
      )
    )
  }
  if (missing.length > 0) {
    return el(
      'div.banner.warn',
      { role: 'status' },
      el('strong', {}, `This server is serving as ${mode}.`),
      el('ul', {}, ...missing.map((member) => el('li', {}, missingText(member))))
    )
  }
  return el('div.banner.good', { role: 'status' }, el('strong', {}, `All is well: this server is serving as ${mode}.`))
}

function missingText({ id, host, role, status }) {
  const what = status === null ? 'does not answer' : `says that it is ${status.mode}`
  return `Member ${id}${host === '' ? '' : ` at ${host}`} ${what}${role === 'observer' ? '; it has no vote' : ''}.`
}

function isWell({ status }) {
  return status !== null && /leader|follower|observer|standalone/.test(status.mode)
}

function thisServer(server, ensemble) {
  const facts = [
    ['Role', server.isServing ? server.mode : 'not serving'],
    ['Zxid', server.zxid, 'dd.long'],
    ensemble.zabState === null ? null : ['Zab', ensemble.zabState],
    ['Up for', duration(server.uptimeMs)],
    ['Latency, average', milliseconds(server.averageLatencyMs)],
    ['Latency, most', milliseconds(server.maxLatencyMs)],
    ['Connections', count(server.connectionCount)],
    ['Outstanding', count(server.outstandingRequests)],
    ['Znodes', count(server.nodeCount)],
    ['Data and paths', bytes(server.dataBytes)],
    ['Log on disk', bytes(server.logDirBytes)],
    ['zoonode', /zoonode-([^,]+)/.exec(server.version)?.[1] ?? server.version],
    ['As ZooKeeper', server.version.split('-')[0]]
  ].filter((fact) => fact !== null)
  return el(
    'dl.tiles',
    {},
    ...facts.map(([name, value, kind = 'dd']) => el('div.tile', {}, el('dt', {}, name), el(kind, {}, value)))
  )
}

function members(ensemble) {
  if (ensemble.isStandalone) {
    return el(
      'section.card',
      {},
      el('h2', {}, 'Members'),
      el('p.empty', {}, 'This server stands alone: there is no ensemble.')
    )
  }
  const rows = ensemble.members.map((member) => [
    el('span', {}, String(member.id), member.isSelf ? el('span.tag', {}, 'this server') : null),
    el('code', {}, member.clientAddress ?? member.host),
    member.role,
    stateOf(member),
    member.status?.zxid ?? '',
    lagText(member),
    member.status === null ? '' : count(member.status.connections),
    member.status === null ? '' : milliseconds(member.status.averageLatencyMs),
    member.status === null ? '' : count(member.status.nodeCount)
  ])
  const headings = ['Id', 'Clients at', 'Votes as', 'State', 'Zxid', 'Lag', 'Connections', 'Latency', 'Znodes']
  const { leader } = ensemble
  return el(
    'section.card',
    {},
    el('h2', {}, 'Members'),
    table('Members of the ensemble', headings, rows, 'There are none.'),
    el(
      'p.hint',
      {},
      `Configuration of version ${ensemble.configVersion ?? '?'}. Lag: transactions behind the newest that any member has applied.`,
      leader === null
        ? ''
        : ` This server has led for ${duration(leader.uptimeMs)}: ${leader.syncedFollowers} followers in sync, ${leader.pendingSyncs} pending.`
    )
  )
}

/** A word beside each colour: colours alone say nothing to some. */
function stateOf(member) {
  if (member.status !== null) {
    return el(isWell(member) ? 'span.state.good' : 'span.state.warn', {}, member.status.mode)
  }
  return member.isAsked ? el('span.state.bad', {}, 'no answer') : el('span.state', {}, 'not asked')
}

function lagText({ lag, status }) {
  if (status === null) return ''
  if (lag === null) return 'other epoch'
  return lag === 0 ? 'none' : count(lag)
}

function observers({ observers: served }) {
  if (served.length === 0) return null
  const rows = served.map((one) => [
    String(one.sid),
    el('code', {}, one.address),
    one.zxid,
    bytes(one.unsentBytes),
    time(one.establishedMs)
  ])
  const headings = ['Id', 'Address', 'Zxid', 'Unsent', 'Since']
  return el('section.card', {}, el('h2', {}, 'Observers of this server'), table('Observers', headings, rows, ''))
}
