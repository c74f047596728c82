/** What changes a znode. Each change names the version that was seen, and is refused if there is another one by then. */
import { get, post } from './api.mjs'
import { button, buttons, dialog, el, field, hashOf, replace, toast } from './dom.mjs'
import { base64Of, bytesOf, hexOf, jsonOf, textOf } from './formats.mjs'
import { childOf } from './tree.mjs'

const PERMS = [
  ['read', 1],
  ['write', 2],
  ['create', 4],
  ['delete', 8],
  ['admin', 16]
]
const MODES = [
  ['persistent', 'Persistent'],
  ['persistentSequential', 'Persistent, numbered by the server'],
  ['container', 'Container: goes with its last child'],
  ['persistentWithTtl', 'With a time to live'],
  ['persistentSequentialWithTtl', 'With a time to live, numbered']
]

/** Text of bytes in a box, or their hex where they are no text. Bytes stay as they are unless they are edited. */
class DataBox {
  #original
  #shown
  #isHex
  #isNull

  constructor(base64) {
    this.#isNull = base64 === null
    this.#original = base64 === null ? new Uint8Array() : bytesOf(base64)
    const text = textOf(this.#original)
    this.#isHex = text === null || text.includes('\r') || text.includes('\0')
    this.#shown = this.#isHex ? hexBytes(this.#original) : text
    this.box = el('textarea', { rows: '14', spellcheck: 'false', autocapitalize: 'none', value: this.#shown })
    this.problem = el('p.problem', { role: 'alert' })
    this.format = button('Format as JSON', () => this.#format(), { class: 'small', disabled: this.#isHex })
    this.hint = this.#isHex ? 'Bytes in hex: they are no plain text. Blanks do not count.' : 'Saved as UTF-8.'
  }

  /** Null: no data. @throws Error for what is no hex */
  get base64() {
    if (this.box.value === this.#shown) return this.#isNull ? null : base64Of(this.#original)
    if (!this.#isHex) return base64Of(new TextEncoder().encode(this.box.value))
    const digits = this.box.value.replace(/\s+/g, '')
    if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new Error('These are no bytes in hex: two digits each.')
    return base64Of(Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)))
  }

  #format() {
    const pretty = jsonOf(this.box.value)
    this.problem.textContent = pretty === null ? 'This is no JSON.' : ''
    if (pretty !== null) this.box.value = pretty
  }
}

function hexBytes(bytes) {
  return hexOf(bytes)
    .split('\n')
    .map((line) => line.slice(10, 58).trim())
    .join('\n')
}

export function editDialog(node, saved) {
  const data = new DataBox(node.data.base64)
  let version = node.stat.version
  const versionText = el('p.hint', {}, `Based on version ${version}.`)
  const conflict = el('div.conflict', { hidden: true, role: 'alert' })
  const save = async (event) => {
    event?.preventDefault()
    data.problem.textContent = ''
    try {
      const { stat } = await post('set', { path: node.path, data: data.base64, version })
      shown.close()
      toast(`Saved as version ${stat.version}.`)
      saved()
    } catch (error) {
      if (error.code === 'BAD_VERSION') await showConflict()
      else data.problem.textContent = error.message
    }
  }
  const showConflict = async () => {
    let theirs
    try {
      theirs = await get('node', { path: node.path })
    } catch (error) {
      data.problem.textContent = error.message
      return
    }
    const text =
      theirs.data === null
        ? '(not readable)'
        : theirs.data.base64 === null
          ? '(none)'
          : (textOf(bytesOf(theirs.data.base64)) ?? hexOf(bytesOf(theirs.data.base64)))
    replace(
      conflict,
      el('h3', {}, `Somebody else has saved version ${theirs.stat.version} meanwhile`),
      el('pre', { tabindex: '0', role: 'region', 'aria-label': 'Data that is there now' }, text),
      el(
        'div.buttons',
        {},
        button('Edit that one instead', () => {
          shown.close()
          editDialog(theirs, saved)
        }),
        button(`Replace version ${theirs.stat.version} by mine`, () => {
          version = theirs.stat.version
          versionText.textContent = `Based on version ${version}.`
          conflict.hidden = true
          save()
        })
      )
    )
    conflict.hidden = false
  }
  const form = el(
    'form',
    { onsubmit: save },
    el('p.path', {}, node.path),
    field('Data', data.box, data.hint),
    data.format,
    versionText,
    data.problem,
    conflict,
    buttons(() => shown.close(), 'Save')
  )
  const shown = dialog('Edit data', form)
  shown.classList.add('wide')
  data.box.focus()
}

export function createDialog(parent) {
  const name = el('input', {
    type: 'text',
    required: true,
    spellcheck: 'false',
    autocapitalize: 'none',
    autocomplete: 'off'
  })
  const mode = el('select', {}, ...MODES.map(([value, label]) => el('option', { value }, label)))
  const ttl = el('input', { type: 'number', min: '1', value: '60000' })
  const ttlField = field('Time to live, ms', ttl)
  ttlField.hidden = true
  mode.addEventListener('change', () => {
    ttlField.hidden = !/Ttl$/.test(mode.value)
  })
  const data = new DataBox('')
  data.box.rows = 6
  const acl = el(
    'select',
    {},
    el('option', { value: 'open' }, 'Everybody may do everything'),
    el('option', { value: 'read' }, 'I may do everything, all others may read'),
    el('option', { value: 'mine' }, 'Only I may do anything')
  )
  const acls = {
    open: [{ scheme: 'world', id: 'anyone', perms: 31 }],
    read: [
      { scheme: 'auth', id: '', perms: 31 },
      { scheme: 'world', id: 'anyone', perms: 1 }
    ],
    mine: [{ scheme: 'auth', id: '', perms: 31 }]
  }
  const create = async (event) => {
    event.preventDefault()
    data.problem.textContent = ''
    try {
      const body = { path: childOf(parent, name.value), data: data.base64, mode: mode.value, acl: acls[acl.value] }
      if (!ttlField.hidden) body.ttlMs = Number(ttl.value)
      const { path } = await post('create', body)
      shown.close()
      toast(`Created ${path}.`)
      location.hash = hashOf(path)
    } catch (error) {
      data.problem.textContent = error.message
    }
  }
  const form = el(
    'form',
    { onsubmit: create },
    el('p.path', {}, `Below ${parent}`),
    field('Name', name),
    field('Kind', mode),
    ttlField,
    field('Data', data.box, data.hint),
    field('Access control', acl),
    data.problem,
    buttons(() => shown.close(), 'Create')
  )
  const shown = dialog('Create a znode', form)
  name.focus()
}

export function editAclDialog(node, saved) {
  const list = el('div.entries')
  const problem = el('p.problem', { role: 'alert' })
  const add = (entry) => {
    const scheme = el('input', {
      type: 'text',
      'aria-label': 'Scheme',
      value: entry.scheme,
      required: true,
      spellcheck: 'false',
      autocapitalize: 'none'
    })
    const id = el('input', {
      type: 'text',
      'aria-label': 'Id',
      value: entry.id,
      spellcheck: 'false',
      autocapitalize: 'none'
    })
    const boxes = PERMS.map(([name, bit]) => {
      const box = el('input', { type: 'checkbox', value: String(bit) })
      box.checked = (entry.perms & bit) !== 0
      return el('label.check', {}, box, name)
    })
    const row = el(
      'fieldset.entry',
      {},
      el('legend', {}, 'Entry'),
      scheme,
      id,
      el('span.checks', {}, ...boxes),
      button('Remove', () => row.remove(), { class: 'small' })
    )
    row.read = () => ({
      scheme: scheme.value,
      id: id.value,
      perms: boxes.reduce((sum, { firstChild }) => sum + (firstChild.checked ? Number(firstChild.value) : 0), 0)
    })
    list.append(row)
    return scheme
  }
  for (const entry of node.acl) add(entry)
  const save = async (event) => {
    event.preventDefault()
    problem.textContent = ''
    try {
      const acl = [...list.children].map((row) => row.read())
      await post('acl', { path: node.path, acl, version: node.aversion })
      shown.close()
      toast('The ACL is saved.')
      saved()
    } catch (error) {
      problem.textContent = error.message
    }
  }
  const form = el(
    'form',
    { onsubmit: save },
    el('p.path', {}, node.path),
    list,
    button('Add an entry', () => add({ scheme: 'world', id: 'anyone', perms: 1 }).focus(), { class: 'small' }),
    el('p.hint', {}, `The scheme “auth” with no id means you. Based on ACL version ${node.aversion}.`),
    problem,
    buttons(() => shown.close(), 'Save ACL')
  )
  const shown = dialog('Edit access control', form)
  shown.classList.add('wide')
}
