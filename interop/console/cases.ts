import { waitFor } from '../harness/wait-for.ts'
import { expectAccessible } from './accessibility.ts'
import { crowd } from './crowd-case.ts'
import { deletePartOfTree, deleteTree } from './deletion-cases.ts'
import { equal, HOSTILE_DATA, HOSTILE_NAME, logIn, MANY, openAt, type World } from './world.ts'

type Check = (world: World) => Promise<void>

const ROWS = `document.querySelectorAll('#tree [role=treeitem][data-path]').length`

export const CASES: readonly (readonly [name: string, check: Check])[] = [
  ['names and data of znodes are text, whatever they say', hostileText],
  ['data is shown as JSON, XML, text and hex, as fits', formats],
  ['a znode with 10,000 children comes in pages, down to the last', manyChildren],
  ['of 300,000 children those that are looked for are found, and pages come as of few', crowd],
  ['what others change is shown without being asked for', liveUpdates],
  ['the tree is walked by keys alone', keys],
  ['a search leads to the znode', search],
  ['what the ACL forbids is there with the right login', login],
  ['an edit is saved, and one that comes too late is not', edits],
  ['a znode is created, its ACL changed, and deleted after a question', createAndDelete],
  ['a tree is deleted by keys, once its number of znodes has been typed', deleteTree],
  ['a deletion that is stopped, or refused in part, says what is left', deletePartOfTree],
  ['the last changes of a znode come from the log, for who may read it', history],
  ['sessions, what they hold and what they watch', sessions],
  ['accessible: light and dark, wide and narrow, with dialogs', expectAccessible],
  ['the page comes back by itself when the server does', serverRestart]
]

async function hostileText(world: World): Promise<void> {
  const { page } = world
  await openAt(world, `/app/${HOSTILE_NAME}`)
  await page.untilText(HOSTILE_DATA, 'pre')
  await page.untilText(HOSTILE_NAME, '#tree .name')
  for (const format of ['JSON', 'XML', 'Hex', 'Text']) await page.click('.segments button', format)
  await page.click('.actions button', 'Edit data')
  await page.untilText('Log in', 'dialog')
  await page.press('Escape')
  await page.until(`!document.querySelector('dialog')`)
  await page.fill('input[type=search]', 'onerror')
  await page.press('Enter')
  await page.untilText(HOSTILE_NAME, '.results')
  await page.goTo(`${world.url}#/sessions`)
  await page.untilText('Who holds', 'h2')
  equal(await page.evaluate('document.images.length'), 1, 'images: the icon alone')
  equal(await page.evaluate('document.scripts.length'), 1, 'scripts: the page its own')
  // The page's policy would stop them, and that would be a problem told; markup by text is refused as well.
  const refused = await page.evaluate(
    `(() => { try { document.body.innerHTML = '<b>x</b>'; return false } catch { return true } })()`
  )
  equal(refused, true, 'markup from text is refused by the policy')
  page.problems.splice(0)
}

async function formats(world: World): Promise<void> {
  const { page } = world
  await openAt(world, '/app/settings')
  await page.untilText('"big": 12345678901234567890', 'pre')
  equal(await page.evaluate(`document.querySelector('.segments [aria-pressed=true]').innerText`), 'JSON', 'format')
  await page.click('.segments button', 'Hex')
  await page.untilText('7b 22 6e 61 6d 65 22 3a', 'pre')
  await openAt(world, '/app/layout')
  await page.untilText('\n  <item id="1">one</item>\n  <sub/>\n</root>', 'pre')
  await page.click('.segments button', 'JSON')
  await page.untilText('This is no JSON.', '.node')
  await openAt(world, '/app/binary')
  await page.untilText('00000000  00 01 02 ff 41', 'pre')
  await world.owner.create('/app/long', JSON.stringify(Array.from({ length: 60_000 }, (_, index) => `row ${index}`)))
  await openAt(world, '/app/long')
  await page.untilText('The first 256 KiB of 692 KiB', '.node')
  equal(await page.evaluate(`document.querySelector('.actions button').disabled`), true, 'a part is not edited')
  await page.click('.node button', 'Show all')
  await page.untilText('"row 59999"\n]', 'pre')
  equal(await page.evaluate(`document.querySelector('.segments [aria-pressed=true]').innerText`), 'JSON', 'format')
  equal(await page.evaluate(`document.querySelector('.actions button').disabled`), false, 'all of it is edited')
  const broken = await page.evaluate<unknown[]>(`import('./formats.mjs').then(({ jsonOf, xmlOf }) => [
    jsonOf('{"a":'), xmlOf('<a><b></a>'), xmlOf('a < b'), jsonOf('{"a":1,"a":[]}'), jsonOf('"x,y:{z}"')
  ])`)
  equal(broken, [null, null, null, '{\n  "a": 1,\n  "a": []\n}', '"x,y:{z}"'], 'forms of odd texts')
}

async function manyChildren(world: World): Promise<void> {
  const { page } = world
  await openAt(world, '/many')
  await page.evaluate(`document.querySelector('[data-path="/many"]').focus()`)
  await page.press('ArrowRight')
  await page.until(`document.querySelector('[data-path="/many/n00019"]')`)
  await page.untilText('10,000', '#tree .count')
  // It goes on loading as it is scrolled.
  await waitFor('the last child', 60_000, async () => {
    await page.evaluate(`{ const tree = document.querySelector('#tree'); tree.scrollTop = tree.scrollHeight }`)
    return page.evaluate<true | null>(`document.querySelector('[data-path="/many/n09999"]') === null ? null : true`)
  })
  const places = await page.evaluate(
    `['aria-posinset', 'aria-setsize'].map((name) => document.querySelector('[data-path="/many/n09999"]').getAttribute(name))`
  )
  equal(places, [String(MANY), String(MANY)], 'place of the last child')
  const elements = await page.evaluate<number>(ROWS)
  if (elements > 200) throw new Error(`${elements} rows are elements, far more than can be seen`)
  // Behind it, a znode that is gone to stays in sight: the page does not read all that comes before by itself.
  await page.goTo('about:blank')
  await openAt(world, '/many/n00000')
  await page.evaluate(`document.querySelector('[data-path="/many/n00000"]').focus()`)
  await page.evaluate(`location.hash = '#/tree?path=/zookeeper/quota'`)
  await page.until(`document.querySelector('[data-path="/zookeeper/quota"][aria-selected=true]')`)
  await page.untilText('more…', '#tree .more')
  const [selected, listed] = await page.evaluate<[boolean, number]>(`(() => {
    const [row, tree] = ['[data-path="/zookeeper/quota"]', '#tree'].map((one) => document.querySelector(one).getBoundingClientRect())
    return [row.top >= tree.top - 1 && row.bottom <= tree.bottom + 1, document.querySelector('.rows').offsetHeight / 26]
  })()`)
  equal(selected, true, 'what was gone to is in sight')
  if (listed > 300) throw new Error(`${listed} rows were read to show one`)
  // By keys: from the last one that is there to the first of the next page.
  await page.evaluate(`document.querySelector('#tree .more').previousElementSibling.click()`)
  await page.press('ArrowDown')
  await page.until(`document.activeElement.dataset.path === '/many/n00200'`)
  // A place that no page has brought yet, in a page of its own.
  await page.goTo('about:blank')
  await openAt(world, '/many/n09876')
  await page.until(`document.querySelector('[data-path="/many/n09876"][aria-selected=true]')`)
}

async function liveUpdates(world: World): Promise<void> {
  const { page, owner } = world
  await owner.create('/app/live', 'one')
  await openAt(world, '/app/live')
  await page.untilText('live', '#live')
  await page.untilText('one', 'pre')
  await owner.setData('/app/live', 'two')
  await page.untilText('two', 'pre')
  await owner.create('/app/live/child')
  await page.until(`document.querySelector('[data-path="/app/live"][aria-expanded]')`)
  await owner.create('/app/newcomer')
  await page.until(`document.querySelector('[data-path="/app/newcomer"]')`)
  // More changes than anybody can read: the last is what is shown.
  await Promise.all(Array.from({ length: 500 }, (_, index) => owner.setData('/app/live', `number ${index}`)))
  await page.untilText('number 499', 'pre')
  await owner.delete('/app/newcomer')
  await page.until(`!document.querySelector('[data-path="/app/newcomer"]')`)
  await owner.delete('/app/live/child')
  await owner.delete('/app/live')
  await page.untilText('There is no such znode.', '.node')
  await page.until(`!document.querySelector('[data-path="/app/live"]')`)
}

async function keys(world: World): Promise<void> {
  const { page } = world
  const focused = (): Promise<string> =>
    page.evaluate(`document.activeElement.dataset.path ?? document.activeElement.tagName`)
  await openAt(world, '/')
  await page.until(`document.querySelector('[data-path="/app"]')`)
  await page.evaluate(`document.querySelector('[data-path="/"]').focus()`)
  await page.press('ArrowDown')
  equal(await focused(), '/app', 'down')
  await page.press('ArrowRight')
  await page.until(`document.querySelector('[data-path="/app/sub"]')`)
  await page.press('End')
  equal(await focused(), '/zookeeper', 'end')
  await page.press('Home')
  equal(await focused(), '/', 'home')
  await page.press('ArrowDown')
  await page.press('ArrowDown')
  await page.press('ArrowLeft')
  equal(await focused(), '/app', 'left goes to the parent')
  await page.press('ArrowLeft')
  await page.until(`!document.querySelector('[data-path="/app/sub"]')`)
  await page.press('Enter')
  await page.untilText('app', 'h1.crumbs')
  equal(await focused(), '/app', 'the row keeps the focus')
  const outline = await page.evaluate<string>(`getComputedStyle(document.activeElement).outlineStyle`)
  equal(outline, 'solid', 'the focus can be seen')
  await page.press('/')
  equal(await page.evaluate('document.activeElement.type'), 'search', 'slash')
}

async function search(world: World): Promise<void> {
  const { page } = world
  await openAt(world, '/')
  await page.press('/')
  await page.type('DEEP')
  await page.press('Enter')
  await page.untilText('/app/sub/deep', '.results a')
  await page.press('ArrowDown')
  await page.press('Enter')
  await page.untilText('deep', 'h1.crumbs')
  await page.until(`document.querySelector('[data-path="/app/sub/deep"][aria-selected=true]')`)
  await page.fill('input[type=search]', '/app/settings')
  await page.press('Enter')
  await page.untilText('settings', 'h1.crumbs')
}

async function login(world: World): Promise<void> {
  const { page, url } = world
  await page.goTo(`${url}#/tree?path=/app/secret`)
  await page.untilText('does not allow that', '.node')
  await page.untilText('no access', '#tree .tag')
  await logIn(world, 'ops', 'wrong')
  await page.untilText('does not allow that', '.node')
  await page.click('#identity button', 'Log out')
  await logIn(world)
  await page.untilText('for ops only', 'pre')
  await page.click('#identity button', 'Log out')
  await page.untilText('does not allow that', '.node')
  equal(
    await page.evaluate(`JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])`),
    '["",{},{}]',
    'what scripts can reach'
  )
}

async function edits(world: World): Promise<void> {
  const { page, owner } = world
  await owner.create('/app/edited', 'before')
  await openAt(world, '/app/edited')
  await logIn(world)
  await page.click('.actions button', 'Edit data')
  await page.fill('dialog textarea', 'mine')
  await page.click('dialog button', 'Save')
  await page.untilText('mine', 'pre')
  await page.untilText('Saved as version 1.', '#toasts')
  await page.click('.actions button', 'Edit data')
  await page.fill('dialog textarea', 'late')
  await owner.setData('/app/edited', 'theirs')
  await page.click('dialog button', 'Save')
  await page.untilText('Somebody else has saved version 2 meanwhile', 'dialog')
  await page.untilText('theirs', 'dialog pre')
  equal(String((await owner.getData('/app/edited')).data), 'theirs', 'not overwritten')
  await page.click('dialog button', 'Replace version 2 by mine')
  await page.untilText('late', '.node pre')
  equal(String((await owner.getData('/app/edited')).data), 'late', 'overwritten on demand')
}

async function createAndDelete(world: World): Promise<void> {
  const { page, owner } = world
  await openAt(world, '/app/sub')
  await logIn(world)
  await page.click('.actions button', 'Create child')
  await page.fill('dialog input[type=text]', 'made')
  await page.fill('dialog textarea', '{"a":1}')
  await page.evaluate(`document.querySelectorAll('dialog select')[1].value = 'mine'`)
  await page.click('dialog button', 'Create')
  await page.untilText('made', 'h1.crumbs')
  await page.untilText('"a": 1', 'pre')
  equal(
    (await owner.getAcl('/app/sub/made')).acl.map(({ scheme, perms }) => [scheme, perms]),
    [['digest', 31]],
    'its ACL'
  )
  await page.click('.actions button', 'Edit ACL')
  await page.click('dialog button', 'Add an entry')
  await page.click('dialog button', 'Save ACL')
  await page.untilText('world:anyone', '.acl')
  equal((await owner.getAcl('/app/sub/made')).acl.length, 2, 'entries')
  await page.click('.actions button', 'Delete')
  await page.untilText('This cannot be undone.', 'dialog')
  await page.click('dialog button', 'Cancel')
  equal((await owner.exists('/app/sub/made')) !== null, true, 'still there')
  await page.click('.actions button', 'Delete')
  await page.click('dialog button', 'Delete')
  await page.untilText('sub', 'h1.crumbs [aria-current]')
  equal(await owner.exists('/app/sub/made'), null, 'gone')
}

async function history(world: World): Promise<void> {
  const { page, owner } = world
  await owner.create('/app/past', 'one')
  await owner.setData('/app/past', 'longer')
  await openAt(world, '/app/past')
  await logIn(world)
  await page.click('.node button', 'Show last changes')
  await page.untilText('setData', '.node td')
  const rows = await page.evaluate<string[][]>(
    `[...document.querySelectorAll('.node tbody tr')].map((row) => [...row.cells].slice(1, 5).map((cell) => cell.innerText))`
  )
  const id = `0x${owner.session?.id.toString(16)}`
  equal(
    rows,
    [
      ['setData', '1', '6 B', id],
      ['create', '', '3 B', id]
    ],
    'changes'
  )
}

async function sessions(world: World): Promise<void> {
  const { page, owner, url } = world
  const id = `0x${owner.session?.id.toString(16)}`
  await owner.exists('/app', { watch: () => undefined })
  await openAt(world, '/brokers/ids/1')
  await page.click('.facts a', `session ${id}`)
  await page.untilText('Ephemeral znodes: 2', '.chosen')
  await page.untilText(HOSTILE_NAME, '.chosen')
  await page.untilText('/brokers/ids/1', '.chosen')
  await page.untilText('Watched paths on this server: 1', '.chosen')
  await page.fill('input[type=search]', 'nobody is called so')
  await page.untilText('No connection is like that.')
  await page.goTo(`${url}#/ensemble`)
  await page.untilText('All is well: this server is serving as standalone.')
}

async function serverRestart(world: World): Promise<void> {
  const { page, server, owner } = world
  await openAt(world, '/app/settings')
  await page.untilText('live', '#live')
  await server.kill()
  await page.untilText('not live', '#live')
  await server.start()
  await page.until(`document.querySelector('#live').innerText === 'live'`)
  await owner.connected(20_000)
  await owner.setData('/app/settings', 'after the restart')
  await page.untilText('after the restart', 'pre')
}
