/**
 * The tree: a page of children at a time. The model outlives the rows: each node knows its children so far, whether it is
 * open, and the cursor behind which there are more. Only rows that can be seen, and some around them, are elements: all rows
 * have one height, and each is placed by its index.
 */
import { get } from './api.mjs'
import { count, el } from './dom.mjs'

const PAGE_COUNT = 200
const PAGE_COUNT_MAX = 500
const ROW_PX = 26
/** Rows above and below the window. */
const MARGIN_COUNT = 20
/** Between two readings of the same children, which are work for the server: so often, and no more than a part of the time. */
const GAP_MS = 500
const GAP_OF_READING = 10
const GAP_MS_OF_MANY = 5_000
const MANY_COUNT = 10_000

export class Tree {
  #root = newNode('/', '/', null)
  #byPath = new Map([['/', this.#root]])
  #selected = '/'
  #revealed = null
  #focused = '/'
  #onSelect
  #onShown
  #loading = new Map()
  #again = new Set()
  /** All that is open, in order. */
  #rows = []
  #list = el('div.rows', { role: 'presentation' })
  #isDrawPlanned = false
  /** Where the list was last scrolled to by this page rather than by people. */
  #ownTop = 0
  /** Whether what stands for more is read where it can be seen: where people have gone, not where a link has led. */
  #readsMore = false

  /** @param onSelect told of the path that is chosen; @param onShown told when what is open has changed */
  constructor(onSelect, onShown) {
    this.#onSelect = onSelect
    this.#onShown = onShown
    this.element = el('div.tree', { role: 'tree', 'aria-label': 'Znodes', id: 'tree' })
    this.element.append(this.#list)
    this.element.addEventListener('scroll', () => this.#scrolled())
    new ResizeObserver(() => this.#plan()).observe(this.element)
    this.element.addEventListener('keydown', (event) => this.#keyDown(event))
    this.element.addEventListener('click', (event) => this.#click(event))
    this.#root.isOpen = true
  }

  /** Paths whose children are shown. */
  get openPaths() {
    return [...this.#byPath.values()].filter((node) => node.isOpen).map((node) => node.path)
  }

  async start() {
    this.#render()
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
    // What is shown anew, and was shown before, is left where people have scrolled to.
    const isNew = path !== this.#revealed
    this.#revealed = path
    this.#selected = path
    this.#focused = node.path
    if (isNew) this.#readsMore = false
    this.#render()
    if (isNew) this.#scrollTo(this.#indexOf(this.#focused))
  }

  /** These may have changed. */
  refresh(paths) {
    for (const path of paths) {
      const node = this.#byPath.get(path)
      if (node?.isOpen) this.#reload(node)
      else if (node !== undefined && node.parent !== null) this.#reload(node.parent)
    }
  }

  async #load(node, after = '') {
    try {
      const answer = await get('children', {
        path: node.path,
        after,
        limit: after === '' ? PAGE_COUNT : PAGE_COUNT_MAX
      })
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
    if (this.#byPath.get(node.path) !== node) return
    if (this.#loading.has(node.path)) {
      this.#again.add(node.path)
      return
    }
    const gapMs = Math.max(node.childCount > MANY_COUNT ? GAP_MS_OF_MANY : GAP_MS, GAP_OF_READING * node.readingMs)
    const waitMs = node.readMs + gapMs - performance.now()
    if (waitMs > 0) {
      node.timer ??= setTimeout(() => {
        node.timer = null
        this.#reload(node)
      }, waitMs)
      return
    }
    const beginMs = performance.now()
    const work = this.#readAgain(node)
    this.#loading.set(node.path, work)
    await work
    this.#loading.delete(node.path)
    node.readMs = performance.now()
    node.readingMs = node.readMs - beginMs
    this.#render()
    if (this.#again.delete(node.path)) this.#reload(node)
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

  #render() {
    if (!this.#byPath.has(this.#focused)) this.#focused = this.#byPath.has(this.#selected) ? this.#selected : '/'
    this.#rows = []
    const visit = (node, level, position, size) => {
      this.#rows.push({ node, level, position, size, isMore: false })
      if (!node.isOpen) return
      const count = Math.max(node.childCount, node.children.length)
      for (const [index, child] of node.children.entries()) visit(child, level + 1, index + 1, count)
      if (node.next !== null || node.problem !== null) {
        this.#rows.push({ node, level: level + 1, position: count, size: count, isMore: true })
      }
    }
    visit(this.#root, 1, 1, 1)
    this.#list.style.setProperty('height', `${this.#rows.length * ROW_PX}px`)
    this.#draw()
  }

  #scrolled() {
    if (this.element.scrollTop !== this.#ownTop) {
      this.#ownTop = -1
      this.#readsMore = true
    }
    this.#plan()
  }

  #plan() {
    if (this.#isDrawPlanned) return
    this.#isDrawPlanned = true
    requestAnimationFrame(() => {
      this.#isDrawPlanned = false
      this.#draw()
    })
  }

  /** Makes the rows that can be seen. That with the focus is always there: else the keys would lead nowhere. */
  #draw() {
    const hadFocus = this.element.contains(document.activeElement) && document.activeElement !== this.element
    const { scrollTop, clientHeight } = this.element
    const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - MARGIN_COUNT)
    const last = Math.min(this.#rows.length, Math.ceil((scrollTop + clientHeight) / ROW_PX) + MARGIN_COUNT)
    const focusedIndex = this.#indexOf(this.#focused)
    const indexes = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index)
    if (focusedIndex >= 0 && focusedIndex < first) indexes.unshift(focusedIndex)
    if (focusedIndex >= last) indexes.push(focusedIndex)
    this.#list.replaceChildren(...indexes.map((index) => this.#place(index)))
    if (hadFocus) this.#elementOf(this.#focused)?.focus({ preventScroll: true })
    for (const index of indexes) {
      const { node, isMore } = this.#rows[index]
      if (this.#readsMore && isMore && node.next !== null && index >= first && index < last) this.#more(node)
    }
  }

  #place(index) {
    const row = this.#rows[index]
    const made = row.isMore ? this.#moreRow(row) : this.#row(row)
    made.style.setProperty('--index', String(index))
    made.style.setProperty('--level', String(row.level - 1))
    return made
  }

  #row({ node, level, position, size }) {
    const hasChildren = node.childCount > 0
    const row = el(
      node.isEphemeral ? 'div.row.ephemeral' : 'div.row',
      {
        role: 'treeitem',
        'aria-level': level,
        'aria-posinset': position,
        'aria-setsize': size,
        'aria-selected': node.path === this.#selected ? 'true' : 'false',
        'aria-expanded': hasChildren ? String(node.isOpen) : null,
        tabindex: node.path === this.#focused ? '0' : '-1',
        title: node.path
      },
      el('span.twisty', { 'aria-hidden': 'true' }, hasChildren ? (node.isOpen ? '▾' : '▸') : ''),
      el('span.name', {}, node.name),
      node.isEphemeral ? el('span.tag', {}, 'ephemeral') : null,
      node.isRefused ? el('span.tag', {}, 'no access') : null,
      hasChildren ? el('span.count', {}, count(node.childCount)) : null
    )
    row.dataset.path = node.path
    return row
  }

  #moreRow({ node, level, position, size }) {
    const text = node.problem ?? `${count(Math.max(0, node.childCount - node.children.length))} more…`
    const row = el(
      'div.row.more',
      {
        role: 'treeitem',
        'aria-level': level,
        'aria-posinset': position,
        'aria-setsize': size,
        'aria-selected': 'false',
        tabindex: '-1',
        title: text
      },
      el('span.name', {}, text)
    )
    row.dataset.parent = node.path
    return row
  }

  #indexOf(path) {
    return this.#rows.findIndex(({ node, isMore }) => !isMore && node.path === path)
  }

  #elementOf(path) {
    for (const row of this.#list.children) if (row.dataset.path === path) return row
    return null
  }

  #scrollTo(index) {
    if (index < 0) return
    const top = index * ROW_PX
    const { scrollTop, clientHeight } = this.element
    if (top < scrollTop) this.element.scrollTop = top
    else if (top + ROW_PX > scrollTop + clientHeight) this.element.scrollTop = top + ROW_PX - clientHeight
    this.#ownTop = this.element.scrollTop
    this.#draw()
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
    this.#elementOf(node.path)?.focus({ preventScroll: true })
    this.#onSelect(node.path)
  }

  /** As the pattern of trees in ARIA's practices wants it. */
  #keyDown(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const at = this.#indexOf(this.#focused)
    if (at < 0) return
    const { node } = this.#rows[at]
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_PX) - 1)
    const action = {
      ArrowDown: () => this.#focusAt(at + 1, 1),
      ArrowUp: () => this.#focusAt(at - 1, -1),
      PageDown: () => this.#focusAt(Math.min(at + page, this.#rows.length - 1), -1),
      PageUp: () => this.#focusAt(Math.max(at - page, 0), 1),
      Home: () => this.#focusAt(0, 1),
      End: () => this.#focusAt(this.#rows.length - 1, -1),
      ArrowRight: () => {
        if (node.isOpen) this.#focusAt(at + 1, 1)
        else this.#toggle(node, true)
      },
      ArrowLeft: () => {
        if (node.isOpen && node.path !== '/') this.#toggle(node, false)
        else if (node.parent !== null) this.#focusAt(this.#indexOf(node.parent.path), 1)
      },
      Enter: () => this.#choose(node),
      ' ': () => this.#choose(node)
    }[event.key]
    if (action === undefined) return
    event.preventDefault()
    action()
  }

  /**
   * Goes to a row by keys. What stands for more is read where it comes into sight, and before it is passed downwards.
   *
   * @param step where to look for a znode if that row is none
   */
  async #focusAt(index, step) {
    const wanted = this.#rows[index]
    if (wanted?.isMore && step > 0 && wanted.node.next !== null) {
      const from = this.#focused
      await this.#more(wanted.node)
      if (this.#focused !== from) return
    }
    let at = index
    while (this.#rows[at]?.isMore) at += step
    const row = this.#rows[at]
    if (row === undefined) this.#scrollTo(Math.min(index, this.#rows.length - 1))
    else {
      this.#focused = row.node.path
      this.#scrollTo(at)
      this.#elementOf(this.#focused)?.focus({ preventScroll: true })
    }
    this.#readsMore = true
    this.#draw()
  }
}

export function childOf(parent, name) {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
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
    /** When its children were read again. */
    readMs: Number.NEGATIVE_INFINITY,
    /** How long that took. */
    readingMs: 0,
    timer: null,
    isEphemeral: false,
    isRefused: false
  }
}
