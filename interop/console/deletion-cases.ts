import type { ZooKeeper } from '../../src/client/zookeeper.ts'
import { Perm } from '../../src/protocol/op-code.ts'
import { waitFor } from '../harness/wait-for.ts'
import { check } from './accessibility.ts'
import { equal, logIn, openAt, type World } from './world.ts'

/** A tree is deleted by keys alone, once its number of znodes has been typed. */
export async function deleteTree(world: World): Promise<void> {
  const { page, owner } = world
  await fill(owner, '/app/doomed', 1_500)
  await openAt(world, '/app/doomed')
  await logIn(world)
  await page.evaluate(`[...document.querySelectorAll('.actions button')].find((e) => e.innerText === 'Delete').focus()`)
  await page.press('Enter')
  await page.untilText('3,001 znodes', 'dialog')
  await page.press('Enter')
  await page.type('3001')
  equal(await owner.getAllChildrenNumber('/app/doomed'), 3_000, 'znodes while it is asked')
  await page.press('Enter')
  await page.untilText('Deleted 3,001 znodes.', '#toasts')
  await page.untilText('app', 'h1.crumbs [aria-current]')
  await page.until(`!document.querySelector('[data-path="/app/doomed"]')`)
  equal(await owner.exists('/app/doomed'), null, 'what was deleted')
}

/** What is stopped, and what may not be deleted, is told, and is there. */
export async function deletePartOfTree(world: World): Promise<void> {
  const { page, owner } = world
  await fill(owner, '/app/stopped', 4_000)
  await openAt(world, '/app/stopped')
  await logIn(world)
  await askFor(world, '8,001')
  await page.untilText('Stop', 'dialog .buttons')
  await page.press('Escape')
  await page.untilText('Stopped:', 'dialog')
  await check(world, 'what has become of a deletion that was stopped')
  const told = await page.evaluate<string>(`document.querySelector('dialog strong').innerText`)
  const left = (await owner.getAllChildrenNumber('/app/stopped')) + 1
  equal(told, `${(8_001 - left).toLocaleString('en')} of 8,001 znodes are deleted.`, 'what was told')
  await page.click('dialog button', 'Close')

  await owner.create('/app/shut', null)
  await owner.create('/app/shut/in')
  await owner.create('/app/shut/in/side')
  await owner.setAcl('/app/shut/in', [{ scheme: 'world', id: 'anyone', perms: Perm.read | Perm.admin }])
  await openAt(world, '/app/shut')
  await askFor(world, '3')
  await page.untilText('/app/shut/in/side: the ACL does not allow it', 'dialog')
  await page.untilText('0 of 3 znodes are deleted.', 'dialog strong')
  await check(world, 'what could not be deleted')
  await page.click('dialog button', 'Close')
  await owner.setAcl('/app/shut/in', [{ scheme: 'world', id: 'anyone', perms: Perm.all }])
  for (const path of ['/app/shut', '/app/stopped']) {
    await openAt(world, path)
    const count = (await owner.getAllChildrenNumber(path)) + 1
    await askFor(world, count.toLocaleString('en'))
    await waitFor(`${path} to go`, 30_000, async () => ((await owner.exists(path)) === null ? true : null))
    await page.until(`!document.querySelector('dialog')`)
  }
}

/** @param shown how many it is to ask for */
async function askFor(world: World, shown: string): Promise<void> {
  const { page } = world
  await page.click('.actions button', 'Delete')
  await page.untilText(`${shown} znode`, 'dialog strong')
  await check(world, 'the question before a tree is deleted')
  await page.fill('dialog input', shown)
  await page.click('dialog button', `Delete ${shown}`)
}

async function fill(owner: ZooKeeper, root: string, count: number): Promise<void> {
  await owner.create(root)
  const made: Promise<string>[] = []
  for (let index = 0; index < count; index++) {
    made.push(owner.create(`${root}/n${index}`), owner.create(`${root}/n${index}/below`))
  }
  await Promise.all(made)
}
