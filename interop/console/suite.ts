import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../../src/client/zookeeper.ts'
import { freePort } from '../harness/free-port.ts'
import { buildZoonode, Server } from '../harness/server.ts'
import { type Suite, type SuiteRun, SuiteUnavailableError } from '../harness/suite.ts'
import { Browser, findBrowser } from './browser.ts'
import { CASES } from './cases.ts'
import { watchEnsemble } from './ensemble-case.ts'
import type { Page } from './page.ts'
import { fillTree } from './world.ts'

const ENSEMBLE =
  'three members: roles, one dead and back, the lead that moves, logins by SASL, its own server gone and back'

/** The web console in a real browser, without a window. It is zoonode's alone: nothing is compared. */
export const consoleSuite: Suite = {
  name: 'console',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  prepare: async () => {
    if (findBrowser() === null) throw new SuiteUnavailableError('no browser: apt-get install chromium')
    await buildZoonode()
  },
  async run(run) {
    const program = findBrowser()
    if (program === null) throw new SuiteUnavailableError('no browser: apt-get install chromium')
    const folder = join(run.folder, 'server')
    mkdirSync(folder)
    const adminPort = await freePort()
    const config = {
      'admin.enableServer': 'true',
      'admin.serverAddress': '127.0.0.1',
      'admin.serverPort': String(adminPort),
      'admin.console.enabled': 'true',
      extendedTypesEnabled: 'true'
    }
    const server = new Server('zoonode', folder, { config })
    await server.start()
    const owner = await connect(server.connectString, { auth: [{ scheme: 'digest', auth: 'ops:secret' }] })
    const browser = await Browser.launch(program)
    try {
      await fillTree(owner)
      const url = `http://127.0.0.1:${adminPort}/console/`
      for (const [name, check] of CASES)
        await runCase(run, name, browser, (page) => check({ server, owner, browser, url, page }))
      await runCase(run, ENSEMBLE, browser, (page) => watchEnsemble(join(run.folder, 'ensemble'), page))
    } finally {
      await browser.close()
      await owner.close({ keepSession: true })
      await server.kill()
    }
  }
}

/** A page of its own, in which nothing must go wrong beside what the case looks for. */
async function runCase(
  run: SuiteRun,
  name: string,
  browser: Browser,
  check: (page: Page) => Promise<void>
): Promise<void> {
  const page = await browser.newPage()
  try {
    await check(page)
    if (page.problems.length > 0) throw new Error(`problems in the page: ${page.problems.join('; ')}`)
    if (page.alerts.length > 0) throw new Error(`the page opened dialogs: ${page.alerts.join('; ')}`)
    run.record({ name, status: 'passed', detail: '', observed: null })
  } catch (error) {
    await page.screenshot(join(run.folder, `${name.replace(/\W+/g, '-')}.png`)).catch(() => undefined)
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
    run.record({ name, status: 'failed', detail, observed: null })
  } finally {
    await page.close()
  }
}
