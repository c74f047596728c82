import { expect, test } from '@jest/globals'
import { ProgressBar } from '../../src/tools/progress-bar.ts'

class Terminal {
  readonly isTTY: boolean
  readonly columns = 40
  text = ''

  constructor(isTTY: boolean) {
    this.isTTY = isTTY
  }

  write(text: string): void {
    this.text += text
  }
}

test('a terminal is shown how far the work has come, now and then', () => {
  const terminal = new Terminal(true)
  let nowMs = 0
  const bar = new ProgressBar('copying', terminal, () => nowMs)
  bar.update(25, 100)
  nowMs = 50
  bar.update(30, 100)
  nowMs = 200
  bar.update(100, 100)
  bar.end()

  const clear = '\r\x1b[K'
  expect(terminal.text).toBe(
    `${clear}copying [######..................]  25%${clear}copying [########################] 100%${clear}`
  )
})

test('elsewhere nothing is written', () => {
  const terminal = new Terminal(false)
  const bar = new ProgressBar('copying', terminal)
  bar.update(1, 2)
  bar.end()

  expect(terminal.text).toBe('')
})
