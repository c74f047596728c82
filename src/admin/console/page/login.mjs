/** Who looks at it. */
import { logIn, logOut, whoIsIn } from './api.mjs'
import { button, dialog, el, field, replace, toast } from './dom.mjs'

/** @param then what was wanted, once somebody has logged in */
export function logInDialog(then = () => undefined, reason = null) {
  const scheme = el('select', {}, ...['digest', 'other'].map((name) => el('option', { value: name }, name)))
  const user = el('input', {
    type: 'text',
    autocomplete: 'username',
    spellcheck: 'false',
    autocapitalize: 'none',
    required: true
  })
  const password = el('input', { type: 'password', autocomplete: 'current-password', required: true })
  const otherScheme = el('input', { type: 'text', spellcheck: 'false', autocapitalize: 'none' })
  const otherAuth = el('input', { type: 'password', autocomplete: 'off' })
  const digest = el('div', {}, field('User', user), field('Password', password))
  const other = el(
    'div',
    { hidden: true },
    field('Scheme', otherScheme),
    field('Credentials', otherAuth, 'What “addauth SCHEME CREDENTIALS” would take.')
  )
  const problem = el('p.problem', { role: 'alert' })
  const isDigest = () => scheme.value === 'digest'
  scheme.addEventListener('change', () => {
    digest.hidden = !isDigest()
    other.hidden = isDigest()
    user.required = password.required = isDigest()
  })
  const submit = async (event) => {
    event.preventDefault()
    problem.textContent = ''
    try {
      if (isDigest()) await logIn('digest', `${user.value}:${password.value}`)
      else await logIn(otherScheme.value, otherAuth.value)
      shown.close()
      then()
    } catch (error) {
      problem.textContent = error.message
    }
  }
  const form = el(
    'form',
    { onsubmit: submit },
    reason === null ? null : el('p', {}, reason),
    field('Identity', scheme),
    digest,
    other,
    el(
      'p.hint',
      {},
      'ZooKeeper has no list of users: any name and password is an identity of its own, and the ACLs say what it may do.'
    ),
    problem,
    el(
      'div.buttons',
      {},
      button('Cancel', () => shown.close()),
      el('button.primary', { type: 'submit' }, 'Log in')
    )
  )
  const shown = dialog('Log in', form)
  user.focus()
}

export function renderIdentity(place) {
  const { name } = whoIsIn()
  if (name === null) {
    replace(
      place,
      button('Log in', () => logInDialog())
    )
    return
  }
  replace(
    place,
    el('span.who', { title: name }, name),
    button('Log out', async () => {
      try {
        await logOut()
      } catch (error) {
        toast(error.message, true)
      }
    })
  )
}
