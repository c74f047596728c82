/** The children of one znode, found by their names: for znodes with more of them than anybody scrolls through. */
import { get } from './api.mjs'
import { button, count, el, linkTo, replace } from './dom.mjs'
import { childOf } from './tree.mjs'

const PAGE_COUNT = 100
/** Nobody has finished typing before. */
const TYPING_MS = 250

export class ChildrenCard {
  #path
  #kind = el(
    'select',
    { 'aria-label': 'How names match', onchange: () => this.#begin() },
    el('option', { value: 'contains' }, 'containing'),
    el('option', { value: 'prefix' }, 'beginning with')
  )
  #text = el('input', {
    type: 'search',
    'aria-label': 'Part of the name',
    placeholder: 'part of the name',
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => this.#typed()
  })
  #heading = el('h2')
  #summary = el('p.hint', { role: 'status', hidden: true })
  #list = el('ul.pathlist', { hidden: true })
  #more = button('Show more', () => this.#read(true), { hidden: true })
  #timer
  #turn = 0
  #next = ''
  /** As of the reading that is shown. */
  #pzxid = null

  constructor(path) {
    this.#path = path
    this.#kind.dataset.focus = 'child-match'
    this.#text.dataset.focus = 'child-filter'
    this.#more.dataset.focus = 'more-children'
    const form = el(
      'form.filter',
      {
        role: 'search',
        'aria-label': 'Children by name',
        onsubmit: (event) => {
          event.preventDefault()
          this.#begin()
        }
      },
      this.#kind,
      this.#text,
      el('button', { type: 'submit' }, 'Show')
    )
    this.element = el('div.card', {}, this.#heading, form, this.#summary, this.#list, this.#more)
  }

  /** What is known of the znode by now. */
  update(stat) {
    this.#heading.textContent = `Children (${count(stat.numChildren)})`
    if (this.#pzxid !== null && this.#pzxid !== stat.pzxid) this.#tellChanged()
  }

  #typed() {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#begin(), TYPING_MS)
  }

  #begin() {
    clearTimeout(this.#timer)
    this.#next = ''
    this.#read(false)
  }

  async #read(isMore) {
    const turn = ++this.#turn
    const filter = this.#text.value
    const match = this.#kind.value
    this.#tell('Looking…')
    try {
      const answer = await get('children', { path: this.#path, filter, match, after: this.#next, limit: PAGE_COUNT })
      if (turn !== this.#turn) return
      const rows = answer.children.map(({ name, numChildren }) =>
        el(
          'li',
          {},
          linkTo(childOf(this.#path, name), name),
          numChildren > 0 ? el('span.count', {}, count(numChildren)) : null
        )
      )
      const hadFocus = document.activeElement === this.#more
      if (isMore) this.#list.append(...rows)
      else replace(this.#list, ...rows)
      this.#list.hidden = this.#list.children.length === 0
      this.#next = answer.next ?? ''
      this.#more.hidden = answer.next === null
      if (hadFocus && isMore) rows[0]?.querySelector('a').focus()
      this.#pzxid = answer.pzxid
      this.#tell(this.#figures(answer, filter, match))
    } catch (error) {
      if (turn === this.#turn) this.#tell(error.message)
    }
  }

  #figures({ matching, total }, filter, match) {
    const how = filter === '' ? '' : ` ${match === 'prefix' ? 'begin with' : 'contain'} “${filter}”`
    const shown = this.#list.children.length
    const first = shown < matching ? `, the first ${count(shown)} are shown` : ''
    return filter === ''
      ? `${count(total)} children${first}.`
      : `${count(matching)} of ${count(total)} children${how}${first}.`
  }

  #tellChanged() {
    this.#pzxid = null
    const again = button('Look again', () => this.#begin(), { class: 'small' })
    again.dataset.focus = 'children-again'
    replace(this.#summary, 'Children have come or gone since. ', again)
  }

  #tell(text) {
    this.#summary.hidden = false
    replace(this.#summary, text)
  }
}
