/**
 * The tree: a page of children at a time, as `treeitem` rows in one list. The model outlives the rows: each node knows its
 * children so far, whether it is open, and the cursor behind which there are more.
 */
import { get } from './api.mjs'
import { count, el, toast } from './dom.mjs'

const PAGE_COUNT = 200
const PAGE_COUNT_MAX = 500

export class Tree {
  #root = newNode('/', '/', null)
  #byPath = new Map([['/', this.#root]])
  #selected = '/'
  #focused = '/'
  #onSelect
  #onShown
  #loading = new Map()
  #again = new Set()
  #observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (isIntersecting) this.#more(this.#byPath.get(target.dataset.parent))
    }
  })

  /** @param onSelect told of the path that is chosen; @param onShown told when what is open has changed */
  constructor(onSelect, onShown) {
    this.#onSelect = onSelect
    this.#onShown = onShown
    this.element = el('div.tree', { role: 'tree', 'aria-label': 'Znodes', id: 'tree' })
    this.element.addEventListener('keydown', (event) => this.#keyDown(event))
    this.element.addEventListener('click', (event) => this.#click(event))
    this.#root.isOpen = true
  }

  /** Paths whose children are shown. */
  get openPaths() {
    return [...this.#byPath.values()].filter((node) => node.isOpen).map((node) => node.path)
  }

  async start() {
    await this.#load(this.#root)
    this.#render()
  }

  /** Forgets everything: somebody else looks at it. */
  async restart() {
    const open = this.openPaths
    this.#root = newNode('/', '/', null)
    this.#root.isOpen = true
    this.#byPath = new Map([['/', this.#root]])
    await this.#load(this.#root)
    for (const path of open.sort()) {
      const node = this.#byPath.get(path)
      if (node !== undefined && path !== '/') {
        node.isOpen = true
        await this.#load(node)
      }
    }
    this.#render()
  }

  /** Chooses a path and opens the way to it, as far as there is one. */
  async reveal(path) {
    const parts = path.split('/').filter((part) => part !== '')
    let node = this.#root
    for (const part of parts) {
      node.isOpen = true
      if (!node.isLoaded) await this.#load(node)
      const next = childOf(node.path, part)
      if (!this.#byPath.has(next)) await this.#insert(node, part)
      const child = this.#byPath.get(next)
      if (child === undefined) break
      node = child
    }
    this.#selected = path
    this.#focused = node.path
    this.#render()
    this.#rowOf(this.#focused)?.scrollIntoView({ block: 'nearest' })
  }

  /** These may have changed. */
  refresh(paths) {
    for (const path of paths) {
      const node = this.#byPath.get(path)
      if (node?.isOpen) this.#reload(node)
      else if (node !== undefined && node.parent !== null) this.#reload(node.parent)
    }
  }

  focus() {
    this.#rowOf(this.#focused)?.focus()
  }

  async #load(node, after = '') {
    try {
      const answer = await get('children', { path: node.path, after, limit: PAGE_COUNT })
      this.#take(node, answer, after !== '')
    } catch (error) {
      node.problem = error.message
      node.isLoaded = true
      node.children = []
      node.next = null
    }
  }

  #take(node, { children, total, next }, isAppended) {
    const known = new Map(node.children.map((child) => [child.name, child]))
    const made = children.map((child) => {
      const old = known.get(child.name)
      const kept = old ?? newNode(childOf(node.path, child.name), child.name, node)
      kept.childCount = child.numChildren
      kept.isEphemeral = child.isEphemeral
      kept.isRefused = child.isRefused === true
      this.#byPath.set(kept.path, kept)
      return kept
    })
    if (isAppended) node.children.push(...made.filter((child) => !known.has(child.name)))
    else {
      const now = new Set(made)
      for (const child of node.children) if (!now.has(child)) this.#forget(child)
      node.children = made
    }
    node.childCount = total
    node.next = next
    node.problem = null
    node.isLoaded = true
  }

  /** A node whose page has not been asked for yet, at its place. */
  async #insert(parent, name) {
    try {
      const { stat } = await get('node', { path: childOf(parent.path, name) })
      const child = newNode(childOf(parent.path, name), name, parent)
      child.childCount = stat.numChildren
      child.isOutOfPage = true
      this.#byPath.set(child.path, child)
      parent.children.push(child)
      parent.children.sort((a, b) => (a.name < b.name ? -1 : 1))
    } catch {
      // There is none: the page says so where it is shown.
    }
  }

  #forget(node) {
    this.#byPath.delete(node.path)
    for (const child of node.children) this.#forget(child)
  }

  async #more(node) {
    if (node === undefined || node.next === null || this.#loading.has(node.path)) return
    const work = this.#load(node, node.next)
    this.#loading.set(node.path, work)
    await work
    this.#loading.delete(node.path)
    this.#render()
  }

  /** As many children as are shown, read again; one reading at a time, and one more if something came meanwhile. */
  async #reload(node) {
    if (this.#loading.has(node.path)) {
      this.#again.add(node.path)
      return
    }
    const work = this.#readAgain(node)
    this.#loading.set(node.path, work)
    await work
    this.#loading.delete(node.path)
    this.#render()
    if (this.#again.delete(node.path)) setTimeout(() => this.#reload(node), 1000)
  }

  async #readAgain(node) {
    const shown = Math.max(PAGE_COUNT, node.children.length)
    try {
      const children = []
      let answer = null
      while (answer === null || (answer.next !== null && children.length < shown)) {
        const limit = Math.min(PAGE_COUNT_MAX, shown - children.length)
        answer = await get('children', { path: node.path, after: answer?.next ?? '', limit })
        children.push(...answer.children)
      }
      this.#take(node, { ...answer, children }, false)
    } catch (error) {
      if (error.code !== 'NO_NODE') return
      // Its parent says what is there now.
      if (node.parent !== null) setTimeout(() => this.#reload(node.parent), 0)
    }
  }

  async #toggle(node, isOpen) {
    if (isOpen === node.isOpen || (isOpen && node.childCount === 0)) return
    node.isOpen = isOpen
    this.#render()
    if (isOpen) {
      await this.#load(node)
      this.#render()
    }
    this.#onShown()
  }

  #rows() {
    const rows = []
    const visit = (node, level) => {
      rows.push({ node, level, isMore: false })
      if (!node.isOpen) return
      for (const child of node.children) visit(child, level + 1)
      if (node.next !== null || node.problem !== null) rows.push({ node, level: level + 1, isMore: true })
    }
    visit(this.#root, 1)
    return rows
  }

  #render() {
    const hadFocus = this.element.contains(document.activeElement)
    const top = this.element.scrollTop
    if (!this.#byPath.has(this.#focused)) this.#focused = this.#byPath.has(this.#selected) ? this.#selected : '/'
    this.#observer.disconnect()
    this.element.replaceChildren(...this.#rows().map((row) => (row.isMore ? this.#moreRow(row) : this.#row(row))))
    this.element.scrollTop = top
    if (hadFocus) this.#rowOf(this.#focused)?.focus({ preventScroll: true })
  }

  #row({ node, level }) {
    const hasChildren = node.childCount > 0
    const row = el(
      node.isEphemeral ? 'div.row.ephemeral' : 'div.row',
      {
        role: 'treeitem',
        'aria-level': level,
        'aria-selected': node.path === this.#selected ? 'true' : 'false',
        'aria-expanded': hasChildren ? String(node.isOpen) : null,
        tabindex: node.path === this.#focused ? '0' : '-1',
        title: node.path
      },
      el('span.twisty', { 'aria-hidden': 'true' }, hasChildren ? (node.isOpen ? '▾' : '▸') : ''),
      el('span.name', {}, node.name),
      node.isEphemeral ? el('span.tag', {}, 'ephemeral') : null,
      node.isRefused ? el('span.tag', {}, 'no access') : null,
      hasChildren
        ? el('span.count', { 'aria-label': `${count(node.childCount)} children` }, count(node.childCount))
        : null
    )
    row.dataset.path = node.path
    row.style.setProperty('--level', String(level - 1))
    return row
  }

  #moreRow({ node, level }) {
    const text = node.problem ?? `${count(node.childCount - node.children.length)} more…`
    const row = el(
      'div.row.more',
      { role: 'treeitem', 'aria-level': level, tabindex: '-1', 'aria-selected': 'false' },
      text
    )
    row.dataset.parent = node.path
    row.style.setProperty('--level', String(level - 1))
    if (node.next !== null) this.#observer.observe(row)
    return row
  }

  #rowOf(path) {
    for (const row of this.element.children) if (row.dataset.path === path) return row
    return null
  }

  #click(event) {
    const row = event.target.closest('.row')
    if (row === null) return
    if (row.dataset.parent !== undefined) {
      this.#more(this.#byPath.get(row.dataset.parent))
      return
    }
    const node = this.#byPath.get(row.dataset.path)
    if (node === undefined) return
    if (event.target.classList.contains('twisty')) {
      this.#focused = node.path
      this.#toggle(node, !node.isOpen)
    } else this.#choose(node)
  }

  #choose(node) {
    this.#focused = node.path
    this.#selected = node.path
    this.#render()
    this.#rowOf(node.path)?.focus()
    this.#onSelect(node.path)
  }

  /** As the pattern of trees in ARIA's practices wants it. */
  #keyDown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const rows = [...this.element.children]
    const at = rows.indexOf(document.activeElement)
    if (at < 0) return
    const row = rows[at]
    const node = this.#byPath.get(row.dataset.path)
    const action = {
      ArrowDown: () => this.#focusRow(rows[at + 1]),
      ArrowUp: () => this.#focusRow(rows[at - 1]),
      PageDown: () => this.#focusRow(rows[Math.min(at + 15, rows.length - 1)]),
      PageUp: () => this.#focusRow(rows[Math.max(at - 15, 0)]),
      Home: () => this.#focusRow(rows[0]),
      End: () => this.#focusRow(rows.at(-1)),
      ArrowRight: () => {
        if (node === undefined) return
        if (node.isOpen) this.#focusRow(rows[at + 1])
        else this.#toggle(node, true)
      },
      ArrowLeft: () => {
        if (node?.isOpen && node.path !== '/') this.#toggle(node, false)
        else this.#focusRow(this.#rowOf(row.dataset.parent ?? node?.parent?.path))
      },
      Enter: () => (node === undefined ? this.#more(this.#byPath.get(row.dataset.parent)) : this.#choose(node)),
      ' ': () => node !== undefined && this.#choose(node)
    }[event.key]
    if (action === undefined) return
    event.preventDefault()
    action()
  }

  #focusRow(row) {
    if (row === undefined || row === null) return
    for (const one of this.element.querySelectorAll('[tabindex="0"]')) one.tabIndex = -1
    row.tabIndex = 0
    row.focus()
    if (row.dataset.path !== undefined) this.#focused = row.dataset.path
  }
}

export function childOf(parent, name) {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}

/** The box above the tree: what begins with a slash is a path, all else is looked for in names. */
export class Search {
  #results = el('div.results', { hidden: true })
  #input = el('input', {
    type: 'search',
    placeholder: 'Name, or /path   ( / )',
    'aria-label': 'Search for a name, or go to a path',
    autocomplete: 'off',
    spellcheck: 'false'
  })
  #onGo
  #turn = 0

  /** @param onGo told of the path that is wanted */
  constructor(onGo) {
    this.#onGo = onGo
    this.element = el(
      'form.search',
      {
        role: 'search',
        onsubmit: (event) => {
          event.preventDefault()
          this.#run()
        }
      },
      this.#input,
      el('button', { type: 'submit' }, 'Search'),
      this.#results
    )
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.#clear()
      if (event.key === 'ArrowDown') this.#results.querySelector('a')?.focus()
    })
    this.#input.addEventListener('input', () => {
      if (this.#input.value === '') this.#clear()
    })
  }

  focus() {
    this.#input.focus()
    this.#input.select()
  }

  #clear() {
    this.#turn++
    this.#results.hidden = true
  }

  async #run() {
    const text = this.#input.value.trim()
    if (text === '') return this.#clear()
    if (text.startsWith('/')) {
      this.#clear()
      this.#onGo(text.length > 1 ? text.replace(/\/+$/, '') : text)
      return
    }
    const turn = ++this.#turn
    this.#show(el('p.hint', {}, 'Searching…'))
    try {
      const { paths, visitCount, isComplete } = await get('search', { text })
      if (turn === this.#turn) this.#showFound(text, paths, visitCount, isComplete)
    } catch (error) {
      if (turn === this.#turn) this.#clear()
      toast(error.message, true)
    }
  }

  #showFound(text, paths, visitCount, isComplete) {
    const summary = `${count(paths.length)} of ${count(visitCount)} znodes have “${text}” in their name.`
    const links = paths.map((path) =>
      el(
        'li',
        {},
        el('a.path', { href: `#/tree?path=${encodeURIComponent(path)}`, onclick: () => this.#onGo(path) }, path)
      )
    )
    this.#show(
      el(
        'p.hint',
        { role: 'status' },
        isComplete ? summary : `${summary} There may be more: the search was cut short.`
      ),
      el('ul', {}, ...links),
      el('button.small', { type: 'button', onclick: () => this.#clear() }, 'Close results')
    )
  }

  #show(...content) {
    this.#results.replaceChildren(...content)
    this.#results.hidden = false
  }
}

function newNode(path, name, parent) {
  return {
    path,
    name,
    parent,
    children: [],
    childCount: 1,
    next: null,
    problem: null,
    isOpen: false,
    isLoaded: false,
    isEphemeral: false,
    isRefused: false
  }
}
