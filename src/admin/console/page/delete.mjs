/** Deleting a znode, or one and all below it: asked for first, told while it goes on, and stopped when that is wanted. */
import { get, post, work } from './api.mjs'
import { button, buttons, bytes, count, dialog, el, field, hashOf, replace, toast } from './dom.mjs'

const REASONS = {
  NO_AUTH: 'the ACL does not allow it',
  NOT_EMPTY: 'it has got new children meanwhile',
  BAD_VERSION: 'it has been changed meanwhile',
  BAD_ARGUMENTS: 'the server needs it'
}

export function deleteDialog(node) {
  if (node.stat.numChildren > 0) askForTree(node)
  else askForOne(node)
}

function askForOne(node) {
  const problem = el('p.problem', { role: 'alert' })
  const remove = async (event) => {
    event.preventDefault()
    problem.textContent = ''
    try {
      await post('delete', { path: node.path, version: node.stat.version })
      shown.close()
      gone(node.path, `Deleted ${node.path}.`)
    } catch (error) {
      problem.textContent = error.message
    }
  }
  const shown = dialog(
    'Delete this znode?',
    el(
      'form',
      { onsubmit: remove },
      el('p.path', {}, node.path),
      el('p', {}, `Version ${node.stat.version}, ${bytes(node.stat.dataLength)} of data. This cannot be undone.`),
      problem,
      buttons(() => shown.close(), 'Delete', { class: 'danger' })
    )
  )
}

async function askForTree(node) {
  const body = el('div', {}, el('p.hint', { role: 'status' }, 'Counting…'))
  const shown = dialog('Delete this znode and all below it?', el('p.path', {}, node.path), body)
  const cancel = button('Cancel', () => shown.close())
  body.append(el('div.buttons', {}, cancel))
  cancel.focus()
  await ask(node, shown, body)
}

async function ask(node, shown, body, remark = null) {
  let total
  try {
    total = (await get('count', { path: node.path })).count + 1
  } catch (error) {
    problemIn(body, error.message, shown)
    return
  }
  if (!shown.isConnected) return
  const typed = el('input', { type: 'text', inputmode: 'numeric', autocomplete: 'off', spellcheck: 'false' })
  const submit = el('button.danger', { type: 'submit', disabled: true }, `Delete ${count(total)} znodes`)
  typed.addEventListener('input', () => {
    submit.disabled = typed.value.replace(/[\s,.]/g, '') !== String(total)
  })
  const start = (event) => {
    event.preventDefault()
    if (!submit.disabled) run(node, total, shown, body)
  }
  replace(
    body,
    remark === null ? null : el('p.problem', { role: 'alert' }, remark),
    el(
      'form',
      { onsubmit: start },
      el(
        'p',
        {},
        'These are ',
        el('strong', {}, `${count(total)} znodes`),
        ', with ephemeral ones and those that you may not see. What the ACLs keep from you stays. This cannot be undone.'
      ),
      field(`Type ${count(total)} to go on`, typed),
      el(
        'div.buttons',
        {},
        button('Cancel', () => shown.close()),
        submit
      )
    )
  )
  typed.focus()
}

async function run(node, total, shown, body) {
  const heading = shown.querySelector('h2')
  heading.textContent = 'Deleting this znode and all below it'
  const stop = new AbortController()
  const bar = el('progress', { max: total, value: 0, 'aria-label': 'Deleted' })
  const figures = el('p', {}, `0 of ${count(total)} znodes deleted`)
  // Read out now and then: each line of it would be too much.
  const spoken = el('p.unseen', { role: 'status' })
  const stopButton = button('Stop', () => stop.abort(), { class: 'primary' })
  const speak = setInterval(() => {
    spoken.textContent = figures.textContent
  }, 5000)
  // Escape leaves the dialog, and what it was about does not go on behind one's back.
  const onCancel = (event) => {
    event.preventDefault()
    stop.abort()
  }
  stop.signal.addEventListener('abort', () => {
    stopButton.disabled = true
    stopButton.textContent = 'Stopping…'
  })
  shown.addEventListener('cancel', onCancel)
  replace(body, bar, figures, spoken, el('div.buttons', {}, stopButton))
  stopButton.focus()
  let last = { deleted: 0, keptCount: 0 }
  const tell = (progress) => {
    last = progress
    bar.value = progress.deleted
    const kept = progress.keptCount > 0 ? `, ${count(progress.keptCount)} kept` : ''
    figures.textContent = `${count(progress.deleted)} of ${count(total)} znodes deleted${kept}`
  }
  try {
    const order = { path: node.path, version: node.stat.version, count: total }
    const result = await work('delete-tree', {}, order, tell, stop.signal)
    tell(result)
    shown.removeEventListener('cancel', onCancel)
    if (result.keptCount === 0 && !result.isStopped) {
      shown.close()
      gone(node.path, `Deleted ${count(result.deleted)} znodes.`)
    } else report(result, total, shown, body)
  } catch (error) {
    shown.removeEventListener('cancel', onCancel)
    heading.textContent = 'Delete this znode and all below it?'
    if (error.code === 'TREE_HAS_GROWN') await ask(node, shown, body, 'There are more of them by now.')
    else if (last.deleted === 0) problemIn(body, error.message, shown)
    else problemIn(body, `${count(last.deleted)} znodes or some more were deleted. Then: ${error.message}`, shown)
  } finally {
    clearInterval(speak)
  }
}

function report({ deleted, keptCount, kept, isStopped }, total, shown, body) {
  shown.querySelector('h2').textContent = 'Not all of it is deleted'
  const close = button('Close', () => shown.close(), { class: 'primary' })
  replace(
    body,
    el(
      'p',
      { role: 'status' },
      isStopped ? 'Stopped: ' : null,
      el('strong', {}, `${count(deleted)} of ${count(total)} znodes are deleted.`),
      keptCount === 0
        ? null
        : ` ${count(keptCount)} could not be deleted, and stay with all that is above and below ${keptCount === 1 ? 'it' : 'them'}.`
    ),
    keptCount === 0
      ? null
      : el(
          'ul.pathlist',
          {},
          ...kept.map(({ path, error }) => el('li', {}, el('span.path', {}, path), `: ${REASONS[error] ?? error}`)),
          keptCount > kept.length ? el('li.hint', {}, `and ${count(keptCount - kept.length)} more`) : null
        ),
    el('div.buttons', {}, close)
  )
  close.focus()
}

function problemIn(body, text, shown) {
  const close = button('Close', () => shown.close(), { class: 'primary' })
  replace(body, el('p.problem', { role: 'alert' }, text), el('div.buttons', {}, close))
  close.focus()
}

function gone(path, text) {
  toast(text)
  location.hash = hashOf(path.slice(0, path.lastIndexOf('/')) || '/')
}
