/** Who looks at it. */
import { logIn, logOut, whoIsIn } from './api.mjs'
import { button, dialog, el, field, replace, toast } from './dom.mjs'

/** What there is to choose, by what the server takes: the names of SASL are those of its users. */
const KINDS = {
  digest: {
    label: 'Name and password of my choice (digest)',
    hint: 'There is no list of users: any name and password is an identity of its own, and the ACLs say what it may do.'
  },
  'SCRAM-SHA-256': {
    label: 'User of the server (SASL, SCRAM-SHA-256)',
    hint: 'One of the users that the server was configured with.'
  },
  'DIGEST-MD5': {
    label: 'User of the server (SASL, DIGEST-MD5)',
    hint: 'One of the users that the server was configured with.'
  },
  other: { label: 'Another scheme', hint: 'What “addauth SCHEME CREDENTIALS” would take.' }
}
/** The one of the last login, while this page is open. */
let lastKind = null

/** @param then what was wanted, once somebody has logged in */
export function logInDialog(then = () => undefined, reason = null) {
  const { mechanisms } = whoIsIn()
  const kinds = [...mechanisms, 'digest', 'other']
  const kind = el('select', {}, ...kinds.map((name) => el('option', { value: name }, KINDS[name].label)))
  kind.value = kinds.includes(lastKind) ? lastKind : kinds[0]
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
  const named = el('div', {}, field('User', user), field('Password', password))
  const other = el('div', {}, field('Scheme', otherScheme), field('Credentials', otherAuth))
  const hint = el('p.hint')
  const problem = el('p.problem', { role: 'alert' })
  const choose = () => {
    const isOther = kind.value === 'other'
    named.hidden = isOther
    other.hidden = !isOther
    user.required = password.required = !isOther
    otherScheme.required = isOther
    hint.textContent = KINDS[kind.value].hint
  }
  kind.addEventListener('change', choose)
  choose()
  const login = el('button.primary', { type: 'submit' }, 'Log in')
  const submit = async (event) => {
    event.preventDefault()
    problem.textContent = ''
    login.disabled = true
    try {
      await logIn(credentials())
      lastKind = kind.value
      shown.close()
      then()
    } catch (error) {
      problem.textContent = error.message
    } finally {
      login.disabled = false
    }
  }
  const credentials = () => {
    if (kind.value === 'digest') return { scheme: 'digest', auth: `${user.value}:${password.value}` }
    if (kind.value === 'other') return { scheme: otherScheme.value, auth: otherAuth.value }
    return { scheme: 'sasl', mechanism: kind.value, user: user.value, password: password.value }
  }
  const form = el(
    'form',
    { onsubmit: submit },
    reason === null ? null : el('p', {}, reason),
    field('Log in as', kind),
    named,
    other,
    hint,
    problem,
    el(
      'div.buttons',
      {},
      button('Cancel', () => shown.close()),
      login
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
