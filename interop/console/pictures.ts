import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type ZooKeeper } from '../../src/client/zookeeper.ts'
import { Ensemble, participants } from '../harness/ensemble.ts'
import { freePort } from '../harness/free-port.ts'
import { REPOSITORY } from '../harness/paths.ts'
import { buildZoonode } from '../harness/server.ts'
import { Browser, findBrowser } from './browser.ts'
import type { Page } from './page.ts'
import { at, logIn } from './world.ts'

/**
 * Makes the pictures of the console in docs/images, and others to look at: `tsx interop/console/pictures.ts [FOLDER]`. An
 * ensemble of three, with a tree such as services make.
 */

async function fill(owner: ZooKeeper, other: ZooKeeper): Promise<void> {
  for (const path of ['/brokers', '/brokers/ids', '/brokers/topics', '/config', '/jobs', '/locks', '/services'])
    await owner.create(path)
  for (const id of [1, 2, 3])
    await (id === 1 ? other : owner).create(`/brokers/ids/${id}`, `{"host":"kafka-${id}","port":9092}`, {
      mode: 'ephemeral'
    })
  for (const topic of ['audit', 'orders', 'payments', 'shipments']) await owner.create(`/brokers/topics/${topic}`)
  await owner.create('/config/limits', '<limits>\n  <rate>200</rate>\n</limits>')
  await owner.create('/services/orders', '{"service":"orders","replicas":3,"features":{"refunds":false}}')
  for (const replica of ['a', 'b', 'c'])
    await owner.create(`/services/orders/instance-${replica}`, '', { mode: 'ephemeral' }).catch(() => undefined)
  await owner.setData(
    '/services/orders',
    '{"service":"orders","replicas":4,"features":{"refunds":true,"preview":["eu","us"]}}'
  )
  // A few at a time: the latencies are in the pictures.
  for (let index = 0; index < 2_400; index += 8) {
    const names = Array.from({ length: 8 }, (_, place) => `/jobs/job-${String(index + place).padStart(6, '0')}`)
    await Promise.all(names.map((name) => owner.create(name)))
  }
  await owner.create('/locks/lead-', '', { mode: 'ephemeralSequential' })
  await other.create('/locks/lead-', '', { mode: 'ephemeralSequential' })
  for (const path of ['/services/orders', '/config/limits', '/brokers/topics/orders'])
    await other.exists(path, { watch: () => undefined })
}

async function takeAll(page: Page, url: string, folder: string): Promise<void> {
  const shoot = async (name: string, wanted: string): Promise<void> => {
    await page.until(wanted)
    await new Promise((resolve) => setTimeout(resolve, 700)) // the live part has come, too
    await page.screenshot(join(folder, `console-${name}.png`))
  }
  await page.resize(1200, 860)
  await page.colours('light')
  await page.goTo(url + at('/brokers/ids/1'))
  await page.untilText('kafka-1', 'pre')
  await logIn({ page } as Parameters<typeof logIn>[0])
  await page.evaluate(`location.hash = ${JSON.stringify(at('/services/orders'))}`)
  await page.untilText('refunds', 'pre')
  await shoot('tree', `document.querySelector('#tree')`)
  await page.click('.node button', 'Show last changes')
  await page.until(`document.querySelector('.node tbody tr')`)
  await page.evaluate(`document.querySelector('.node tbody').scrollIntoView({ block: 'center' })`)
  await shoot('changes', 'true')
  await page.evaluate(`location.hash = '#/ensemble'`)
  await shoot('ensemble', `document.querySelectorAll('tbody tr').length >= 3`)
  await page.colours('dark')
  await page.evaluate(`location.hash = '#/sessions'`)
  await shoot('sessions', `document.querySelectorAll('tbody tr').length >= 3`)
  await page.evaluate(`location.hash = ${JSON.stringify(at('/jobs'))}`)
  await page.untilText('jobs', 'h1.crumbs')
  await page.evaluate(`document.querySelector('[data-path="/jobs"]').focus()`)
  await page.press('ArrowRight')
  await page.fill('input[type=search]', 'orders')
  await page.press('Enter')
  await shoot('search', `document.querySelectorAll('.results a').length >= 2`)
  await page.press('Escape')
  await page.click('.actions button', 'Create child')
  await shoot('create', `document.querySelector('dialog[open]')`)
  await page.press('Escape')
  await page.colours('light')
  await page.resize(380, 740)
  await page.evaluate(`location.hash = ${JSON.stringify(at('/services/orders'))}`)
  await shoot('narrow', `document.querySelector('.node .card')`)
  await page.evaluate(`location.hash = '#/sessions'`)
  await shoot('narrow-sessions', `document.querySelector('.tile')`)
}

async function main(folder: string): Promise<void> {
  const program = findBrowser()
  if (program === null) throw new Error('no browser: apt-get install chromium')
  mkdirSync(folder, { recursive: true })
  const work = mkdtempSync(join(tmpdir(), 'zoonode-pictures-'))
  await buildZoonode()
  const adminPort = await freePort()
  const ensemble = await Ensemble.plan(work, {
    members: participants('zoonode', 'zoonode', 'zoonode'),
    hasClientPorts: true
  })
  ensemble.member(1).configure({
    'admin.enableServer': 'true',
    'admin.serverPort': String(adminPort),
    'admin.console.enabled': 'true'
  })
  const browser = await Browser.launch(program)
  try {
    await ensemble.startLedBy(3)
    const auth = { auth: [{ scheme: 'digest', auth: 'ops:secret' }] }
    const [owner, other] = [
      await connect(ensemble.member(1).connectString, auth),
      await connect(ensemble.member(1).connectString)
    ]
    await fill(owner, other)
    await takeAll(await browser.newPage(), `http://127.0.0.1:${adminPort}/console/`, folder)
    await owner.close()
    await other.close()
  } finally {
    await browser.close()
    await ensemble.killAll()
    rmSync(work, { recursive: true, force: true })
  }
}

await main(process.argv[2] ?? join(REPOSITORY, 'docs', 'images'))
