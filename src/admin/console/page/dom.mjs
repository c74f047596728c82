/** Elements from values. Text is always text: nothing here, and nothing in the page's policy, makes markup of it. */

/**
 * @param {string} tag with classes: `div.card`
 * @param {Record<string, unknown>} attributes `on…` for listeners; true for an empty one, false or null for none
 * @param {...(Node | string | null)} children
 */
export function el(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split('.')
  const element = document.createElement(name)
  if (classes.length > 0) element.className = classes.join(' ')
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value)
    else if (key === 'value') element.value = value
    else element.setAttribute(key, value === true ? '' : String(value))
  }
  element.append(...children.filter((child) => child !== null))
  return element
}

export function replace(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null))
}

export function button(label, onclick, attributes = {}) {
  return el('button', { type: 'button', onclick, ...attributes }, label)
}

/** A short word that stays for a moment. */
export function toast(text, isBad = false) {
  const shown = el(isBad ? 'div.toast.bad' : 'div.toast', {}, text)
  document.getElementById('toasts').append(shown)
  setTimeout(() => shown.remove(), isBad ? 8000 : 4000)
}

/** A dialog that is gone when it is closed. Escape closes it. */
export function dialog(title, ...content) {
  const heading = el('h2', { id: `dialog-${Date.now()}` }, title)
  const shown = el('dialog', { 'aria-labelledby': heading.id }, heading, ...content)
  document.body.append(shown)
  const back = document.activeElement
  shown.addEventListener('close', () => {
    shown.remove()
    // What opened it may have been made anew, or be gone with what it stood for.
    const anew =
      back?.dataset?.focus === undefined ? null : document.querySelector(`[data-focus="${back.dataset.focus}"]`)
    const next = back?.isConnected ? back : (anew ?? document.getElementById('main'))
    next.focus()
  })
  shown.showModal()
  return shown
}

/** A labelled field. */
export function field(label, input, hint = null) {
  const id = input.id || `field-${Math.random().toString(36).slice(2)}`
  input.id = id
  return el('div.field', {}, el('label', { for: id }, label), input, hint === null ? null : el('p.hint', {}, hint))
}

/** What asks for something and can be left: the button that does it is last. */
export function buttons(cancel, label, attributes = {}) {
  return el(
    'div.buttons',
    {},
    button('Cancel', cancel),
    el('button', { type: 'submit', class: 'primary', ...attributes }, label)
  )
}

export function linkTo(path, text = path) {
  return el('a.path', { href: hashOf(path) }, text)
}

export function hashOf(path) {
  return `#/tree?path=${encodeURIComponent(path)}`
}

const numbers = new Intl.NumberFormat('en')

export function count(value) {
  return numbers.format(value)
}

export function bytes(value) {
  if (value < 1024) return `${value} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let size = value / 1024
  let unit = 0
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`
}

export function duration(ms) {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`
}

export function milliseconds(value) {
  if (value >= 1000) return `${(value / 1000).toFixed(1)} s`
  return `${value < 10 ? Number(value.toFixed(2)) : Math.round(value)} ms`
}

/** A time as its place in the world writes it, and how long ago it is. */
export function time(ms) {
  // The znodes that a server begins with have no time.
  if (ms === 0) return el('span', {}, 'at the very beginning')
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) return el('span', {}, String(ms))
  const ago = Date.now() - ms
  return el(
    'time',
    { datetime: date.toISOString() },
    `${date.toLocaleString()}${ago >= 0 ? ` (${duration(ago)} ago)` : ''}`
  )
}

/** A table whose rows are lists of cells. */
export function table(caption, headings, rows, empty) {
  if (rows.length === 0) return el('p.empty', {}, empty)
  return el(
    'div.scroll',
    { tabindex: '0', role: 'region', 'aria-label': caption },
    el(
      'table',
      {},
      el('caption', {}, caption),
      el('thead', {}, el('tr', {}, ...headings.map((heading) => el('th', { scope: 'col' }, heading)))),
      el('tbody', {}, ...rows.map((cells) => el('tr', {}, ...cells.map((cell) => el('td', {}, cell)))))
    )
  )
}
