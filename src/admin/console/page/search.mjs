/** The box above the tree: what begins with a slash is a path, all else is looked for in names. */
import { work } from './api.mjs'
import { button, count, el, hashOf, replace } from './dom.mjs'

export class Search {
  #results = el('div.results', { hidden: true, role: 'region', 'aria-label': 'What was found' })
  #input = el('input', {
    type: 'search',
    placeholder: 'Name, or /path   ( / )',
    'aria-label': 'Search for a name, or go to a path',
    autocomplete: 'off',
    spellcheck: 'false'
  })
  #onGo
  #here
  #stop = null

  /** @param onGo told of the path that is wanted; @param here the path that is shown */
  constructor(onGo, here) {
    this.#onGo = onGo
    this.#here = here
    this.element = el(
      'form.search',
      {
        role: 'search',
        onsubmit: (event) => {
          event.preventDefault()
          this.#run('/')
        },
        onkeydown: (event) => this.#keyDown(event)
      },
      this.#input,
      el('button', { type: 'submit' }, 'Search'),
      this.#results
    )
    this.#input.addEventListener('input', () => {
      if (this.#input.value === '') this.#clear()
    })
  }

  focus() {
    this.#input.focus()
    this.#input.select()
  }

  #keyDown(event) {
    if (event.key === 'Escape') {
      this.#clear()
      this.#input.focus()
      return
    }
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
    const links = [...this.#results.querySelectorAll('a')]
    if (links.length === 0) return
    event.preventDefault()
    const next = links.indexOf(document.activeElement) + (event.key === 'ArrowDown' ? 1 : -1)
    if (next < 0) this.#input.focus()
    else links[Math.min(next, links.length - 1)].focus()
  }

  #clear() {
    this.#stop?.abort()
    this.#stop = null
    this.#results.hidden = true
  }

  async #run(root) {
    const text = this.#input.value.trim()
    this.#clear()
    if (text === '') return
    if (text.startsWith('/')) {
      this.#onGo(text.length > 1 ? text.replace(/\/+$/, '') : text)
      return
    }
    const stop = new AbortController()
    this.#stop = stop
    const shown = new Results(this.#results, {
      text,
      root,
      elsewhere: root === '/' && this.#here() !== '/' ? () => this.#run(this.#here()) : () => this.#run('/'),
      elsewhereText: root === '/' ? (this.#here() === '/' ? null : 'Only below this znode') : 'In the whole tree',
      stop: () => stop.abort(),
      close: () => this.#clear()
    })
    try {
      const result = await work('search', { text, path: root }, null, (progress) => shown.tell(progress), stop.signal)
      if (this.#stop === stop) shown.end(result, stop.signal.aborted)
    } catch (error) {
      if (this.#stop === stop) shown.fail(error)
    }
  }
}

/** What one search has found so far. Links stay as they are while more come: one of them may have the focus. */
class Results {
  #text
  #where
  #summary = el('p.hint', { role: 'status' })
  #list = el('ul')
  #head
  #stopButton
  #lastSpokenMs = 0

  constructor(place, { text, root, elsewhere, elsewhereText, stop, close }) {
    this.#text = text
    this.#where = root === '/' ? '' : ` below ${root}`
    this.#stopButton = button('Stop', stop, { class: 'small' })
    this.#head = el(
      'div.results-head',
      {},
      this.#stopButton,
      elsewhereText === null ? null : button(elsewhereText, elsewhere, { class: 'small' }),
      button('Close results', close, { class: 'small' })
    )
    this.#summary.textContent = 'Searching…'
    replace(place, this.#summary, this.#head, this.#list)
    place.hidden = false
  }

  tell({ paths, visitCount }) {
    this.#add(paths)
    const nowMs = Date.now()
    // Each new figure is read out.
    if (nowMs - this.#lastSpokenMs < 1000) return
    this.#lastSpokenMs = nowMs
    this.#summary.textContent = `Searching: ${this.#figures(paths, visitCount)} so far.`
  }

  end({ paths, visitCount, isComplete }, isStopped) {
    this.#add(paths)
    this.#stopButton.remove()
    const more = isComplete
      ? ''
      : isStopped
        ? ' Stopped: there may be more.'
        : ' There may be more: the search has its limits.'
    this.#summary.textContent = `${this.#figures(paths, visitCount)}.${more}`
  }

  fail(error) {
    this.#stopButton.remove()
    this.#summary.textContent = error.message
    this.#summary.className = 'problem'
  }

  #figures(paths, visitCount) {
    return `${count(paths.length)} of ${count(visitCount)} znodes${this.#where} have “${this.#text}” in their name`
  }

  #add(paths) {
    for (const path of paths.slice(this.#list.children.length)) {
      this.#list.append(el('li', {}, el('a.path', { href: hashOf(path) }, path)))
    }
  }
}
