import type { ZooKeeper } from '../../src/client/zookeeper.ts'
import { waitFor } from '../harness/wait-for.ts'
import { equal, openAt, type World } from './world.ts'

const CROWD = 300_000
const PER_REQUEST = 1_000
const REQUESTS_AT_ONCE = 4

/**
 * More children than anybody lists at once, made in an order that is not that of their names: `m` numbers with six digits. One
 * has a child of its own.
 */
async function fillCrowd(owner: ZooKeeper): Promise<void> {
  await owner.create('/crowd')
  const indexes = Array.from({ length: CROWD / PER_REQUEST }, (_, index) => index)
  const work = async (): Promise<void> => {
    for (let at = indexes.pop(); at !== undefined; at = indexes.pop()) {
      const first = at * PER_REQUEST
      const all = owner.transaction()
      for (let index = 0; index < PER_REQUEST; index++) all.create(nameOf(first + index))
      await all.commit()
    }
  }
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work))
  await owner.create(`${nameOf(123_456)}/needle-in-the-crowd`)
}

function nameOf(index: number): string {
  return `/crowd/m${String(index).padStart(6, '0')}`
}

/** They come in pages as fast as few do, are found by a part of their names, and what is below them by a search. */
export async function crowd(world: World): Promise<void> {
  const { page, owner } = world
  await fillCrowd(owner)
  await openAt(world, '/crowd')
  await page.untilText('Children (300,000)', '.node')
  await page.evaluate(`document.querySelector('[data-path="/crowd"]').focus()`)
  await page.press('ArrowRight')
  await page.until(`document.querySelector('[data-path="/crowd/m000019"]')`)
  await page.untilText('300,000', '#tree .count')
  await waitFor('page after page', 60_000, async () => {
    await page.evaluate(`{ const tree = document.querySelector('#tree'); tree.scrollTop = tree.scrollHeight }`)
    return page.evaluate<true | null>(`document.querySelector('.rows').offsetHeight > 6000 * 26 ? true : null`)
  })

  await page.fill('.filter input', 'M29999')
  await page.untilText('10 of 300,000 children contain “M29999”.', '.node')
  equal(await page.evaluate(LISTED), numbers(299_990, 10), 'children that contain M29999')
  await page.choose('.filter select', 'prefix')
  await page.fill('.filter input', 'm0012')
  await page.untilText('100 of 300,000 children begin with “m0012”', '.node')
  equal(await page.evaluate(LISTED), numbers(1_200, 100), 'children that begin with m0012')
  await page.fill('.filter input', 'm00')
  await page.untilText('10,000 of 300,000 children begin with “m00”, the first 100 are shown.', '.node')
  await page.click('.node button', 'Show more')
  await page.untilText('the first 200 are shown.', '.node')
  equal(await page.evaluate(LISTED), numbers(0, 200), 'two pages of children that begin with m00')
  await page.click('.node .pathlist a', 'm000199')
  await page.untilText('m000199', 'h1.crumbs')

  await page.fill('input[aria-label^="Search"]', 'NEEDLE')
  await page.press('Enter')
  await page.untilText(`${nameOf(123_456)}/needle-in-the-crowd`, '.results')
}

const LISTED = `[...document.querySelectorAll('.node .pathlist a')].map((one) => one.innerText)`

function numbers(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `m${String(first + index).padStart(6, '0')}`)
}
