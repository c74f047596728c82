import type { ZooKeeper } from '../../src/client/zookeeper.ts'
import { Perm } from '../../src/protocol/op-code.ts'
import type { Server } from '../harness/server.ts'
import type { Browser } from './browser.ts'
import type { Page } from './page.ts'

/** What a case has to do with. */
export interface World {
  readonly server: Server
  /** Another client, with the identity `ops:secret`. */
  readonly owner: ZooKeeper
  readonly browser: Browser
  /** Of the console, with a slash at its end. */
  readonly url: string
  readonly page: Page
}

/** Name and data that would run in a page that takes them for markup. */
export const HOSTILE_NAME = '<img src=x onerror=alert(1)>"\'&amp;'
export const HOSTILE_DATA = '<script>alert(2)</script><img src=x onerror=alert(3)><svg onload=alert(4)>'
export const MANY = 10_000

export async function fillTree(owner: ZooKeeper): Promise<void> {
  const mine = [{ scheme: 'auth', id: '', perms: Perm.all }]
  for (const path of ['/app', '/app/sub', '/app/sub/deep', '/many', '/brokers', '/brokers/ids'])
    await owner.create(path)
  await owner.create('/app/settings', '{"name":"orders","list":[1,2],"big":12345678901234567890}')
  await owner.create('/app/layout', '<?xml version="1.0"?><root><item id="1">one</item><sub/></root>')
  await owner.create('/app/binary', Buffer.from([0, 1, 2, 0xff, 0x41]))
  await owner.create('/app/secret', 'for ops only', { acl: mine })
  await owner.create(`/app/${HOSTILE_NAME}`, HOSTILE_DATA)
  await owner.create(`/app/${HOSTILE_NAME}/${HOSTILE_NAME}`, HOSTILE_DATA, { mode: 'ephemeral' })
  await owner.create('/brokers/ids/1', '{"host":"kafka-1"}', { mode: 'ephemeral' })
  const all: Promise<string>[] = []
  for (let index = 0; index < MANY; index++) all.push(owner.create(`/many/n${String(index).padStart(5, '0')}`))
  await Promise.all(all)
}

export function at(path: string): string {
  return `#/tree?path=${encodeURIComponent(path)}`
}

export async function openAt({ page, url }: World, path: string): Promise<void> {
  await page.goTo(url + at(path))
  const name = path.slice(path.lastIndexOf('/') + 1)
  await page.untilText(name === '' ? '/' : name, 'h1.crumbs')
  await page.until(`document.querySelector('.node .card')`)
}

export async function logIn({ page }: World, user = 'ops', password = 'secret'): Promise<void> {
  await page.click('#identity button', 'Log in')
  await page.fill('dialog input[autocomplete="username"]', user)
  await page.fill('dialog input[type="password"]', password)
  await page.press('Enter')
  await page.untilText(`digest:${user}`, '#identity')
}

/** @throws Error unless they are the same */
export function equal(got: unknown, wanted: unknown, what: string): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`${what}: ${a}, not ${b}`)
}
