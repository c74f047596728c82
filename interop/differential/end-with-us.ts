import type { ChildProcess } from 'node:child_process'

const children = new Set<ChildProcess>()
let handlersSet = false

/** Lets no server outlive this process, also when a signal ends it. */
export function endWithUs(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
  if (handlersSet) return
  handlersSet = true
  process.once('exit', () => {
    for (const running of children) running.kill('SIGKILL')
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
}
