import { writeFileSync } from 'node:fs'
import { waitFor } from '../harness/wait-for.ts'
import type { Browser } from './browser.ts'

const WAIT_MS = 60_000

/** Codes of the keys that have no text. */
const KEYS: Readonly<Record<string, number>> = {
  ArrowDown: 40,
  ArrowUp: 38,
  ArrowLeft: 37,
  ArrowRight: 39,
  Enter: 13,
  Escape: 27,
  Tab: 9,
  Home: 36,
  End: 35
}

/** One page of a browser. */
export class Page {
  readonly #browser: Browser
  readonly #sessionId: string
  readonly #targetId: string
  /** What went wrong in the page: exceptions, errors on its console, violations of its policy. */
  readonly problems: string[] = []
  /** Dialogs that the page has opened by `alert` and the like: there are none of its own. */
  readonly alerts: string[] = []

  private constructor(browser: Browser, sessionId: string, targetId: string) {
    this.#browser = browser
    this.#sessionId = sessionId
    this.#targetId = targetId
  }

  static async open(browser: Browser, sessionId: string, targetId: string): Promise<Page> {
    const page = new Page(browser, sessionId, targetId)
    browser.listen(sessionId, (method, parameters) => page.#event(method, parameters))
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.#send(`${domain}.enable`)
    await page.resize(1280, 800)
    return page
  }

  async goTo(url: string): Promise<void> {
    await this.#send('Page.navigate', { url })
  }

  async resize(width: number, height: number): Promise<void> {
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
  }

  async colours(scheme: 'light' | 'dark'): Promise<void> {
    // Without motion, as a screenshot in the middle of it would show something else each time.
    await this.#send('Emulation.setEmulatedMedia', {
      features: [
        { name: 'prefers-color-scheme', value: scheme },
        { name: 'prefers-reduced-motion', value: 'reduce' }
      ]
    })
  }

  /** The value of an expression, or of the promise that it is. @throws Error with the page's exception */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true
    })
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
    return (result as { value: T }).value // as the caller says
  }

  /** Waits until an expression is true. */
  async until(expression: string): Promise<void> {
    await waitFor(expression, WAIT_MS, async () =>
      (await this.evaluate<boolean>(`Boolean(${expression})`)) ? true : null
    )
  }

  /** Waits until an element's text, or that of the body, has these words. */
  untilText(text: string, selector = 'body'): Promise<void> {
    return this.until(
      `[...document.querySelectorAll(${JSON.stringify(selector)})].some((e) => e.innerText.includes(${JSON.stringify(text)}))`
    )
  }

  /** Clicks as a mouse does, in the middle of the first element that can be seen and whose text begins so. */
  async click(selector: string, text = ''): Promise<void> {
    const find = `[...document.querySelectorAll(${JSON.stringify(selector)})].find((e) => e.innerText.trim().startsWith(${JSON.stringify(text)}) && e.getClientRects().length > 0)`
    await this.until(find)
    const { x, y } = await this.evaluate<{ x: number; y: number }>(`(() => {
      const element = ${find}
      element.scrollIntoView({ block: 'nearest' })
      const box = element.getBoundingClientRect()
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
    })()`)
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.#send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 })
    }
  }

  /** Presses one key; a text of one character is that key. */
  async press(key: string): Promise<void> {
    const code = KEYS[key]
    const text = key === 'Enter' ? '\r' : code === undefined ? key : undefined
    const common = {
      key,
      windowsVirtualKeyCode: code ?? key.toUpperCase().charCodeAt(0),
      ...(code === undefined ? {} : { code: key })
    }
    await this.#send('Input.dispatchKeyEvent', { type: text === undefined ? 'rawKeyDown' : 'keyDown', ...common, text })
    await this.#send('Input.dispatchKeyEvent', { type: 'keyUp', ...common })
  }

  /** Types into what has the focus. */
  async type(text: string): Promise<void> {
    await this.#send('Input.insertText', { text })
  }

  /** Replaces what is in a field. */
  async fill(selector: string, text: string): Promise<void> {
    await this.until(`document.querySelector(${JSON.stringify(selector)})`)
    await this.evaluate(`(() => {
      const field = document.querySelector(${JSON.stringify(selector)})
      field.focus()
      field.select()
    })()`)
    if (text === '') await this.evaluate(`document.execCommand('delete')`)
    else await this.type(text)
  }

  /** Takes one of what a list offers. */
  async choose(selector: string, value: string): Promise<void> {
    await this.until(`document.querySelector(${JSON.stringify(selector)})`)
    await this.evaluate(`{
      const list = document.querySelector(${JSON.stringify(selector)})
      list.value = ${JSON.stringify(value)}
      list.dispatchEvent(new Event('change', { bubbles: true }))
    }`)
  }

  async close(): Promise<void> {
    await this.#browser.send('Target.closeTarget', { targetId: this.#targetId })
  }

  async screenshot(file: string): Promise<void> {
    const { data } = await this.#send('Page.captureScreenshot', { format: 'png' })
    writeFileSync(file, Buffer.from(String(data), 'base64'))
  }

  /** Runs a script as the page's own would run, past its policy: tools of tests only. */
  async inject(source: string): Promise<void> {
    await this.evaluate(`${source};true`)
  }

  #send(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    return this.#browser.send(method, params, this.#sessionId)
  }

  #event(method: string, parameters: Readonly<Record<string, unknown>>): void {
    if (method === 'Runtime.exceptionThrown') this.problems.push(JSON.stringify(parameters))
    if (method === 'Log.entryAdded') {
      const { entry } = parameters as { entry: { level: string; source: string; text: string; url?: string } }
      // An answer that says no is told by the page itself.
      if (entry.level === 'error' && entry.source !== 'network') this.problems.push(`${entry.text} ${entry.url ?? ''}`)
    }
    if (method === 'Runtime.consoleAPICalled' && parameters.type === 'error')
      this.problems.push(JSON.stringify(parameters.args))
    if (method === 'Page.javascriptDialogOpening') {
      this.alerts.push(String(parameters.message))
      void this.#send('Page.handleJavaScriptDialog', { accept: false })
    }
  }
}
