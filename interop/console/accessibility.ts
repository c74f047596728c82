import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { logIn, openAt, type World } from './world.ts'

/** What axe says of a rule that is broken. */
interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const WIDTHS = [360, 1920]

/** Every page and dialog by axe, in both colours; and no page is wider than the window. */
export async function expectAccessible(world: World): Promise<void> {
  const { page, url } = world
  await openAt(world, '/app/settings')
  await page.until(`document.querySelector('#health').innerText !== ''`)
  for (const colours of ['light', 'dark'] as const) {
    await page.colours(colours)
    await check(world, `a znode, ${colours}`)
    for (const name of ['sessions', 'ensemble']) {
      await page.evaluate(`location.hash = '#/${name}'`)
      await page.until(`document.querySelector('.tile')`)
      await check(world, `${name}, ${colours}`)
    }
    await page.evaluate(`location.hash = '#/tree?path=/app/settings'`)
    await page.untilText('settings', 'h1.crumbs')
    await page.click('#identity button', 'Log in')
    await check(world, `the login, ${colours}`)
    await page.press('Escape')
    await logIn(world)
    for (const name of ['Edit data', 'Create child', 'Edit ACL', 'Delete']) {
      await page.click('.actions button', name)
      await page.until(`document.querySelector('dialog[open]')`)
      await check(world, `${name}, ${colours}`)
      await page.press('Escape')
      await page.until(`!document.querySelector('dialog')`)
    }
    await page.click('#identity button', 'Log out')
    await page.untilText('Log in', '#identity')
  }
  for (const width of WIDTHS) {
    await page.resize(width, 740)
    for (const hash of ['#/tree?path=/app/settings', '#/sessions', '#/ensemble']) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
      await page.until(
        hash.startsWith('#/tree') ? `document.querySelector('.node .card')` : `document.querySelector('.tile')`
      )
      const tooWide = await page.evaluate<number>(`document.documentElement.scrollWidth - innerWidth`)
      if (tooWide > 0) throw new Error(`${url}${hash} is ${tooWide} pixels wider than a window of ${width}`)
      await check(world, `${hash}, ${width} pixels`)
    }
  }
}

/** What is shown now, by axe. @throws Error that names what is wrong */
export async function check({ page }: Pick<World, 'page'>, where: string): Promise<void> {
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.inject(AXE)
  const violations = await page.evaluate<Violation[]>(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`
  )
  if (violations.length === 0) return
  const told = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')} (${nodes[0]?.failureSummary})`
  )
  throw new Error(`${where}: ${told.join('; ')}`)
}
